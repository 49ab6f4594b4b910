import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { encodeText } from "../../dialects/wire/text.ts";
import { type Clock, givenUp } from "../backends/clock.ts";
import { Reply } from "../client/reply.ts";
import { editPaths, type PathEdit } from "../json/edit-paths.ts";
import type { RoutedRequest } from "../legacy/route-request.ts";
import { joinUri } from "../naming/naming.ts";
import { resultEdits } from "../naming/rewrite.ts";
import type { PreparedBackend } from "../prepare.ts";
import { RpcError, rpcCodes, writeError } from "../rpc/errors.ts";
import type { RpcNotification, RpcRequest, RpcResponse } from "../rpc/read-message.ts";
import type { Visit } from "../server.ts";
import {
  type CallOutcome,
  errorOutcome,
  failureOutcome,
  succeeded,
  toolFailure,
} from "../telemetry/observer.ts";
import { askModern } from "./modern-backend.ts";
import { openState, sealState } from "./request-state.ts";

/** A reply to a client that ends with it, and the time that it may take. */
function beginReply(visit: Visit): { readonly clock: Clock; readonly reply: Reply } {
  const { limits } = visit.route.route;
  const clock = visit.server.clocks.start(
    { totalMs: limits.callMs, idleMs: limits.callIdleMs },
    visit.request,
  );
  const reply = new Reply({
    clocks: visit.server.clocks,
    heartbeatMs: limits.heartbeatMs,
    onGone: () => clock.abort(givenUp),
  });
  return { clock, reply };
}

/** Brings one request to a backend of the client's own era, and everything that comes of it back. */
export function callModern(visit: Visit, message: RpcRequest, routed: RoutedRequest): Promise<Response> {
  const { clock, reply } = beginReply(visit);
  void run(visit, message, routed, clock, reply);
  return reply.response;
}

/** Never rejects: whatever goes wrong becomes the client's answer. */
async function run(
  visit: Visit,
  message: RpcRequest,
  { backend, bare, edits }: RoutedRequest,
  clock: Clock,
  reply: Reply,
): Promise<void> {
  const { method, id } = message;
  let outcome: CallOutcome = succeeded;
  try {
    const bytes = editPaths(message.bytes, [...edits, ...stateEdits(visit, message, backend)]);
    const request = { bytes, id, method, params: bareParams(message, bare) };
    const take = (notification: RpcNotification) => reply.relay(translate(visit, backend, notification));
    const { response } = await askModern(visit, backend, request, clock, take);
    outcome = finish(visit, message, { backend, bare, edits }, response, reply);
  } catch (error) {
    outcome = failReply(visit, message, reply, error);
  } finally {
    clock.stop();
    visit.observer.called(method, backend.name, outcome, clock.elapsedMs);
    visit.observer.end(outcome);
  }
}

function bareParams({ params }: RpcRequest, bare: string): JsonObject | undefined {
  if (params === undefined || bare === "") return params;
  return { ...params, ...(typeof params["uri"] === "string" ? { uri: bare } : { name: bare }) };
}

/** Where nothing is between the client and one backend, that backend's own seal is enough. */
function isSealing({ route, caller }: Visit): boolean {
  return route.naming !== "transparent" || caller.principal !== undefined;
}

function stateEdits(visit: Visit, { params }: RpcRequest, backend: PreparedBackend): PathEdit[] {
  const state = params?.["requestState"];
  if (state === undefined || !isSealing(visit)) return [];
  const opened = openState(visit, state);
  if (opened.backend !== backend.name || opened.inner === undefined) {
    throw new RpcError(rpcCodes.invalidParams, "invalid requestState");
  }
  return [{ path: ["params", "requestState"], json: opened.inner }];
}

function finish(
  visit: Visit,
  { method, idText }: RpcRequest,
  { backend, bare }: RoutedRequest,
  response: RpcResponse,
  reply: Reply,
): CallOutcome {
  const edits: PathEdit[] = response.idText === idText ? [] : [{ path: ["id"], json: idText }];
  const result = asObject(response.value["result"]);
  if (result === undefined) {
    const code = asObject(response.value["error"])?.["code"];
    reply.finish(editPaths(response.bytes, edits), statusOf(code));
    return errorOutcome(response.value["error"]);
  }
  if (visit.route.naming !== "transparent") edits.push(...resultEdits(method, result, backend.prefix));
  const state = result["requestState"];
  if (state !== undefined && isSealing(visit)) {
    const sealed = sealState(visit, { backend: backend.name, inner: JSON.stringify(state) });
    edits.push({ path: ["result", "requestState"], json: JSON.stringify(sealed) });
  }
  reply.finish(editPaths(response.bytes, edits));
  visit.observer.answered(result);
  return result["isError"] === true ? toolFailure(result, bare, backend.name) : succeeded;
}

/** Some errors have an HTTP status of their own in this era. */
function statusOf(code: unknown): number {
  if (code === rpcCodes.methodNotFound) return 404;
  const isBad =
    code === rpcCodes.headerMismatch ||
    code === rpcCodes.missingCapability ||
    code === rpcCodes.unsupportedVersion;
  return isBad ? 400 : 200;
}

/** What a backend says before it answers, in the client's names. */
function translate(visit: Visit, backend: PreparedBackend, message: RpcNotification): Uint8Array {
  const { method, params = {}, bytes } = message;
  if (method === "notifications/progress") visit.observer.progressed(backend.name);
  if (visit.route.naming === "transparent") return bytes;
  const { uri, logger } = params;
  const edits: PathEdit[] = [];
  if (method === "notifications/message" && typeof logger === "string")
    edits.push({ path: ["params", "logger"], json: JSON.stringify(`${backend.prefix}/${logger}`) });
  if (method === "notifications/resources/updated" && typeof uri === "string")
    edits.push({ path: ["params", "uri"], json: JSON.stringify(joinUri(backend.prefix, uri)) });
  return editPaths(bytes, edits);
}

/** Answers with an error in the words of this era. */
export function failReply(visit: Visit, { idText }: RpcRequest, reply: Reply, error: unknown): CallOutcome {
  const known = explainModern(visit, error);
  reply.finish(encodeText(writeError(known, idText)), known.status, known.headers);
  return failureOutcome(known);
}

export function explainModern(visit: Visit, error: unknown): RpcError {
  if (!(error instanceof RpcError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    visit.server.log.error("an MCP request failed", { error: text });
    return new RpcError(rpcCodes.internal, "the gateway failed to handle this request");
  }
  // What is not there was an error of its own before.
  const code = error.code === rpcCodes.resourceNotFound ? rpcCodes.invalidParams : error.code;
  const status = error.status === 200 ? statusOf(code) : error.status;
  return new RpcError(code, error.message, {
    status,
    data: error.data,
    headers: error.headers,
    cause: error.cause,
  });
}
