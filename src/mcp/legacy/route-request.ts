import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import type { Operation } from "../access/access.ts";
import type { PathEdit } from "../json/edit-paths.ts";
import { type Owned, splitName, splitUri } from "../naming/naming.ts";
import type { PreparedBackend, PreparedRoute } from "../prepare.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import type { RpcRequest } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
import { capability } from "../session/capabilities.ts";

/** What a request names, and where it has that. */
interface Target {
  readonly kind: "tool" | "prompt" | "resource";
  /** As the client wrote it. */
  readonly text: string;
  readonly path: readonly string[];
}

/** A request that goes to one backend. */
export interface RoutedRequest {
  readonly backend: PreparedBackend;
  /** The backend's own name or URI. */
  readonly bare: string;
  /** What has to be written anew in the request; nothing where the backend's own names are used. */
  readonly edits: readonly PathEdit[];
}

/** Finds the owner of a bare name, where names have no prefix to tell. */
export type FindOwner = (kind: "tool" | "prompt", bare: string) => Promise<PreparedBackend | undefined>;

/**
 * The backend that a request is for. Throws `RpcError`, which says the same of what does not exist and of what the
 * client may not know of.
 */
export async function routeRequest(
  visit: Visit,
  message: RpcRequest,
  findOwner: FindOwner,
): Promise<RoutedRequest> {
  const target = readTarget(message);
  const owned = await findBackend(visit.route, target, findOwner);
  if (owned === undefined || !owned.backend.shows[target.kind](owned.bare)) throw unknown(target);
  const { backend, bare } = owned;
  decide(
    visit,
    { method: message.method, backend: backend.name, kind: target.kind, name: bare, params: message.params },
    target,
  );
  const edits =
    bare === target.text ? [] : [{ path: ["params", ...target.path], json: JSON.stringify(bare) }];
  return { backend, bare, edits };
}

/** The backend that a request names, whether or not there is such a one; absent where names do not say. */
export function addressedBackend({ naming }: PreparedRoute, { params = {} }: RpcRequest): string | undefined {
  if (naming !== "prefixed") return undefined;
  const { name, uri } = params;
  const owned =
    typeof name === "string" ? splitName(name) : typeof uri === "string" ? splitUri(uri) : undefined;
  return owned?.prefix;
}

/** What a backend must have said that it can, for a method that it is asked for. */
export const neededCapability: { readonly [method: string]: number } = {
  "completion/complete": capability.completions,
  "resources/subscribe": capability.resourcesSubscribe,
  "resources/unsubscribe": capability.resourcesSubscribe,
};

function readTarget({ method, params = {} }: RpcRequest): Target {
  switch (method) {
    case "tools/call":
      return { kind: "tool", text: textOf(params["name"], "name"), path: ["name"] };
    case "prompts/get":
      return { kind: "prompt", text: textOf(params["name"], "name"), path: ["name"] };
    case "completion/complete":
      return readReference(asObject(params["ref"]) ?? {});
    default:
      return { kind: "resource", text: textOf(params["uri"], "uri"), path: ["uri"] };
  }
}

function readReference(ref: JsonObject): Target {
  const { type, name, uri } = ref;
  if (type === "ref/prompt") return { kind: "prompt", text: textOf(name, "ref.name"), path: ["ref", "name"] };
  if (type === "ref/resource")
    return { kind: "resource", text: textOf(uri, "ref.uri"), path: ["ref", "uri"] };
  throw new RpcError(rpcCodes.invalidParams, 'params.ref must be of type "ref/prompt" or "ref/resource"');
}

function textOf(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new RpcError(rpcCodes.invalidParams, `params.${name} must be a string`);
}

async function findBackend(
  { naming, backends, byPrefix }: PreparedRoute,
  { kind, text }: Target,
  findOwner: FindOwner,
): Promise<{ backend: PreparedBackend; bare: string } | undefined> {
  if (naming === "transparent") {
    const [backend] = backends;
    return backend === undefined ? undefined : { backend, bare: text };
  }
  if (naming === "bare" && kind !== "resource") {
    const backend = await findOwner(kind, text);
    return backend === undefined ? undefined : { backend, bare: text };
  }
  const owned: Owned | undefined = kind === "resource" ? splitUri(text) : splitName(text);
  const backend = owned === undefined ? undefined : byPrefix.get(owned.prefix);
  return owned === undefined || backend === undefined ? undefined : { backend, bare: owned.bare };
}

function decide({ route, caller, request }: Visit, operation: Operation, target: Target): void {
  if (!route.access.decides) return;
  const decision = route.access.decide(operation, caller, request);
  if (decision === "allow") return;
  if (decision === "hide") throw unknown(target);
  throw new RpcError(rpcCodes.refused, "insufficient scope", {
    status: 403,
    headers: { "www-authenticate": decision.challenge },
  });
}

function unknown({ kind, text }: Target): RpcError {
  if (kind === "resource") {
    return new RpcError(rpcCodes.resourceNotFound, "Resource not found", { data: { uri: text } });
  }
  return new RpcError(rpcCodes.invalidParams, `Unknown ${kind}: ${text}`);
}
