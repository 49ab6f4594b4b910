import { isObject } from "../../dialects/wire/json.ts";
import { decodeText, encodeText } from "../../dialects/wire/text.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import type { Visit } from "../server.ts";
import { digestOf } from "../session/sessions.ts";

/**
 * What a request that wants input carries until it comes again. It is sealed for one principal and one backend, so that
 * what one server said cannot be shown to another, or by somebody else.
 */
export interface RequestState {
  readonly backend: string;
  /** The backend's own state, as JSON text; absent if it has none. */
  readonly inner?: string;
  /** A call that waits in this process. */
  readonly parked?: string;
}

function boundTo({ route, caller }: Visit): string {
  return `${route.route.key} ${digestOf(caller.principal) ?? ""}`;
}

export function sealState(visit: Visit, { backend, inner, parked }: RequestState): string {
  const payload = encodeText(JSON.stringify([backend, inner ?? null, parked ?? null]));
  return visit.server.keys.seal(payload, "state", boundTo(visit));
}

/** Throws `RpcError` for what was not sealed here, for this route and principal. */
export function openState(visit: Visit, state: unknown): RequestState {
  const opened =
    typeof state === "string" ? visit.server.keys.open(state, "state", boundTo(visit)) : "malformed";
  if (opened === undefined || opened === "malformed") throw invalid();
  const parts: unknown = JSON.parse(decodeText(opened));
  if (!Array.isArray(parts) || isObject(parts)) throw invalid();
  const [backend, inner, parked]: unknown[] = parts;
  return {
    backend: String(backend),
    ...(typeof inner === "string" ? { inner } : {}),
    ...(typeof parked === "string" ? { parked } : {}),
  };
}

function invalid(): RpcError {
  return new RpcError(rpcCodes.invalidParams, "invalid requestState");
}
