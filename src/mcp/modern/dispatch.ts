import { listMethods } from "../legacy/list-methods.ts";
import { routeRequest } from "../legacy/route-request.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import type { RpcMessage, RpcRequest } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
import { failureOutcome, succeeded } from "../telemetry/observer.ts";
import { callModern, explainModern } from "./call.ts";
import { discover } from "./discover.ts";
import { checkModern } from "./era.ts";
import { callLegacy, stale } from "./legacy-call.ts";
import { findModernOwner, listModern } from "./lists.ts";
import { openState } from "./request-state.ts";
import { subscribe } from "./subscriptions.ts";

const routedMethods = new Set(["tools/call", "prompts/get", "resources/read", "completion/complete"]);
/** What there was in the era before. */
const removedMethods = new Set([
  "initialize",
  "ping",
  "logging/setLevel",
  "resources/subscribe",
  "resources/unsubscribe",
]);

/** Deals with one message of a client of the modern era. Rejects with `RpcError`. */
export async function dispatchModern(visit: Visit, message: RpcMessage): Promise<Response> {
  checkModern(message, visit.request.headers);
  if (message.kind !== "request") return new Response(null, { status: 202 });
  visit.observer.about(message.params);
  try {
    return await request(visit, message);
  } catch (error) {
    throw explainModern(visit, error);
  }
}

async function request(visit: Visit, message: RpcRequest): Promise<Response> {
  const { method } = message;
  if (removedMethods.has(method)) throw unknownMethod(visit, method);
  const parked = visit.server.parked.get(parkedIn(visit, message));
  if (parked !== undefined) return parked.resume(visit, message);
  const only = await transparentBackend(visit);
  const list = listMethods[method];
  const isFiltered = list !== undefined && isFilteredHere(visit, list.kind);
  // Where the route stands for one backend of this era, everything passes that nobody has to look into.
  if (only !== undefined && !isFiltered && !routedMethods.has(method) && method !== "subscriptions/listen")
    return callModern(visit, message, { backend: only, bare: "", edits: [] });
  if (routedMethods.has(method)) return route(visit, message);
  if (list !== undefined) return json(await listModern(visit, message, list));
  if (method === "server/discover") {
    const bytes = await discover(visit, message);
    visit.observer.called(method, undefined, succeeded);
    return json(bytes);
  }
  if (method === "subscriptions/listen") return subscribe(visit, message);
  throw unknownMethod(visit, method);
}

/** The call that this request goes on with, by what the client brings along. */
function parkedIn(visit: Visit, { params }: RpcRequest): string | undefined {
  const state = params?.["requestState"];
  if (state === undefined) return undefined;
  try {
    const { parked } = openState(visit, state);
    if (parked === undefined) return undefined;
    if (visit.server.parked.get(parked) === undefined) throw stale();
    return parked;
  } catch (error) {
    // Not one of ours: perhaps a backend's own, which is looked at where it is known whose.
    if (error instanceof RpcError && error.code === rpcCodes.invalidParams) return undefined;
    throw error;
  }
}

async function route(visit: Visit, message: RpcRequest): Promise<Response> {
  const { access } = visit.route;
  const routed = await routeRequest(visit, message, (kind, bare) =>
    findModernOwner(visit, message, kind, bare),
  );
  if (!access.selects(routed.backend.name, visit.caller, visit.request)) {
    throw new RpcError(rpcCodes.invalidParams, `Unknown backend: ${routed.backend.name}`);
  }
  const discovered = await routed.backend.era.find(visit, routed.backend);
  return discovered === undefined ? callLegacy(visit, message, routed) : callModern(visit, message, routed);
}

/** The backend of a route that stands for nothing but it, if it is of this era. */
async function transparentBackend(visit: Visit): Promise<PreparedBackend | undefined> {
  const { naming, backends, access } = visit.route;
  const [only] = backends;
  if (naming !== "transparent" || only === undefined) return undefined;
  if (!access.selects(only.name, visit.caller, visit.request)) return undefined;
  return (await only.era.find(visit, only)) === undefined ? undefined : only;
}

function isFilteredHere(
  { route: { access, backends } }: Visit,
  kind: "tool" | "prompt" | "resource",
): boolean {
  return access.decides || backends.some(({ backend }) => backend[`${kind}s`] !== undefined);
}

function unknownMethod(visit: Visit, method: string): RpcError {
  const error = new RpcError(rpcCodes.methodNotFound, `Method not found: ${method}`, { status: 404 });
  visit.observer.called(method, undefined, failureOutcome(error), 0);
  return error;
}

function json(bytes: Uint8Array): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": "application/json" } });
}
