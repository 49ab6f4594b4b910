import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { editJson } from "../../dialects/wire/json-edit.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { editPaths, type PathEdit } from "../json/edit-paths.ts";
import { joinUri } from "../naming/naming.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes, writeError, writeResult } from "../rpc/errors.ts";
import type { RpcNotification, RpcRequest } from "../rpc/read-message.ts";
import type { SessionVisit } from "../server.ts";
import { succeeded } from "../telemetry/observer.ts";

/** What becomes of something that a backend said unasked: it goes on to the client, or is answered here. */
export type Translated =
  | { readonly type: "relay"; readonly bytes: Uint8Array }
  | { readonly type: "answer"; readonly bytes: Uint8Array };

/** Method to the capability that a client declares if it can be asked that. */
const capabilityOf: { readonly [method: string]: string } = {
  "sampling/createMessage": "sampling",
  "elicitation/create": "elicitation",
  "roots/list": "roots",
};

export function translateServerMessage(
  visit: SessionVisit,
  backend: PreparedBackend,
  message: RpcRequest | RpcNotification,
): Translated {
  const isKnown = message.method in capabilityOf || knownMethods.has(message.method);
  const outcome = isKnown ? succeeded : ({ status: "error", errorType: "unsupported_method" } as const);
  visit.observer.called(message.method, backend.name, outcome);
  return message.kind === "request"
    ? translateRequest(visit, backend, message)
    : { type: "relay", bytes: translateNotification(visit, backend, message) };
}

const knownMethods = new Set([
  "ping",
  "notifications/cancelled",
  "notifications/elicitation/complete",
  "notifications/message",
  "notifications/progress",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  "notifications/tools/list_changed",
]);

function translateRequest(visit: SessionVisit, backend: PreparedBackend, message: RpcRequest): Translated {
  const { method, idText, params } = message;
  if (method === "ping") return { type: "answer", bytes: encodeText(writeResult(idText, "{}")) };
  const needed = capabilityOf[method];
  if (needed !== undefined && asObject(visit.session.capabilities[needed]) === undefined) {
    const error = new RpcError(rpcCodes.methodNotFound, `the client does not support ${method}`);
    return { type: "answer", bytes: encodeText(writeError(error, idText)) };
  }
  const edits: PathEdit[] = [{ path: ["id"], json: sealed(visit, backend, idText) }];
  const progressToken = asObject(params?.["_meta"])?.["progressToken"];
  if (progressToken !== undefined) {
    const json = sealed(visit, backend, JSON.stringify(progressToken));
    edits.push({ path: ["params", "_meta", "progressToken"], json });
  }
  const bytes = editPaths(message.bytes, edits);
  if (visit.route.naming === "transparent") return { type: "relay", bytes };
  // Users want to know which server it is that asks.
  const json = JSON.stringify(backend.name);
  return {
    type: "relay",
    bytes: editJson(bytes, [{ op: "set", path: ["params", "_meta", "aigw/backend"], json }]),
  };
}

function translateNotification(
  visit: SessionVisit,
  backend: PreparedBackend,
  message: RpcNotification,
): Uint8Array {
  const { method, params = {} } = message;
  if (method === "notifications/progress") visit.observer.progressed(backend.name);
  if (method.endsWith("/list_changed")) backend.lists.forget();
  return editPaths(message.bytes, notificationEdits(visit, backend, method, params));
}

function notificationEdits(
  visit: SessionVisit,
  backend: PreparedBackend,
  method: string,
  params: JsonObject,
): PathEdit[] {
  if (method === "notifications/cancelled") {
    const { requestId } = params;
    if (requestId === undefined) return [];
    return [{ path: ["params", "requestId"], json: sealed(visit, backend, JSON.stringify(requestId)) }];
  }
  if (visit.route.naming === "transparent") return [];
  const { uri, logger } = params;
  if (method === "notifications/resources/updated" && typeof uri === "string") {
    return [{ path: ["params", "uri"], json: JSON.stringify(joinUri(backend.prefix, uri)) }];
  }
  if (method === "notifications/message" && typeof logger === "string") {
    return [{ path: ["params", "logger"], json: JSON.stringify(`${backend.prefix}/${logger}`) }];
  }
  return [];
}

function sealed(visit: SessionVisit, backend: PreparedBackend, idText: string): string {
  return JSON.stringify(visit.server.sealedIds.seal({ backend: backend.name, idText }, visit.session));
}
