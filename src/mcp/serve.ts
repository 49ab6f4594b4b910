import type { McpListener } from "../telemetry/mcp.ts";
import { accepts, checkOrigin, corsHeaders, isJson, notAllowed, preflight } from "./guard.ts";
import { dispatch } from "./legacy/dispatch.ts";
import { endSession } from "./legacy/end-session.ts";
import { initialize } from "./legacy/initialize.ts";
import { listen } from "./legacy/listen.ts";
import { isLegacyVersion, latestLegacyVersion } from "./legacy/versions.ts";
import { dispatchModern } from "./modern/dispatch.ts";
import { isModern, isModernVersion } from "./modern/era.ts";
import type { PreparedRoute } from "./prepare.ts";
import { readRequest } from "./read-request.ts";
import { RpcError, rpcCodes, writeError } from "./rpc/errors.ts";
import { type RpcMessage, readClientMessage } from "./rpc/read-message.ts";
import type { McpServer, Visit } from "./server.ts";
import { failureOutcome, Observer } from "./telemetry/observer.ts";

export interface ServeOptions {
  readonly server: McpServer;
  readonly route: PreparedRoute;
  readonly request: Request;
  /** The listener can only be reached from this machine. */
  readonly isLocal: boolean;
  readonly listener: McpListener | undefined;
}

/** The way of one request to an MCP endpoint, from its head to its response. Never rejects. */
export async function serve(options: ServeOptions): Promise<Response> {
  const { server, route, request } = options;
  // Of the message, once it is read: an error has to say which request it is about.
  let idText: string | undefined;
  let observer: Observer | undefined;
  try {
    checkOrigin(request.headers, route.route.allowedOrigins, options.isLocal);
    if (request.method === "OPTIONS") return preflight(request);
    const authenticated = route.access.authenticate(request);
    const caller = authenticated instanceof Promise ? await authenticated : authenticated;
    if (caller instanceof Response) return withCors(request, caller);
    observer = new Observer(options.listener, request.headers);
    const visit: Visit = { server, route, request, caller, observer };
    const response = await enter(visit, (message) => {
      if (message.kind === "request") idText = message.idText;
    });
    return withCors(request, response);
  } catch (error) {
    observer?.end(failureOutcome(error));
    return withCors(request, refusal(server, error, idText));
  }
}

function enter(visit: Visit, onMessage: (message: RpcMessage) => void): Response | Promise<Response> {
  const { method, headers } = visit.request;
  // The era without sessions has nothing but POST.
  if (method !== "POST" && isModernVersion(headers)) return notAllowed();
  switch (method) {
    case "POST":
      return post(visit, onMessage);
    case "GET":
      return get(visit);
    case "DELETE":
      return remove(visit);
    default:
      return notAllowed();
  }
}

async function post(visit: Visit, onMessage: (message: RpcMessage) => void): Promise<Response> {
  const { request, route, observer } = visit;
  if (!isJson(request.headers.get("content-type"))) {
    throw new RpcError(rpcCodes.refused, "Content-Type must be application/json", { status: 415 });
  }
  const startedAt = performance.now();
  const bytes = await readRequest(request, route.route.limits.maxRequestBytes);
  let message: RpcMessage;
  try {
    message = readClientMessage(bytes);
  } catch (error) {
    observer.called(undefined, undefined, failureOutcome(error), performance.now() - startedAt);
    throw error;
  }
  onMessage(message);
  const response = await (isModern(message, request.headers)
    ? postModern(visit, message)
    : postLegacy(visit, message));
  if (message.kind !== "response" && endsWithItsResponse(message.method)) observer.end();
  return response;
}

/** Messages that have been dealt with when there is a response; of others it may only have begun. */
function endsWithItsResponse(method: string): boolean {
  return method === "initialize" || method === "logging/setLevel" || method.startsWith("notifications/");
}

function postModern(visit: Visit, message: RpcMessage): Promise<Response> {
  const version = visit.request.headers.get("mcp-protocol-version") ?? "";
  if (message.kind !== "response") visit.observer.begin(message, version);
  return dispatchModern(visit, message);
}

function postLegacy(visit: Visit, message: RpcMessage): Promise<Response> {
  const { request, observer } = visit;
  checkVersion(request);
  // A session id on it is ignored: clients begin anew with whatever they had.
  if (message.kind === "request" && message.method === "initialize") {
    const asked = message.params?.["protocolVersion"];
    observer.begin(message, isLegacyVersion(asked) ? asked : latestLegacyVersion);
    observer.about(message.params);
    return initialize(visit, message);
  }
  const session = findSession(visit);
  if (message.kind !== "response") observer.begin(message, session.facts.protocolVersion);
  return dispatch({ ...visit, session }, message);
}

function get(visit: Visit): Response {
  const { request } = visit;
  if (!accepts(request.headers.get("accept"), "text/event-stream")) {
    throw new RpcError(rpcCodes.refused, "Accept must include text/event-stream", { status: 406 });
  }
  checkVersion(request);
  return listen({ ...visit, session: findSession(visit) });
}

async function remove(visit: Visit): Promise<Response> {
  checkVersion(visit.request);
  await endSession({ ...visit, session: findSession(visit) });
  return new Response(null, { status: 200 });
}

function findSession({ server, route, request, caller }: Visit) {
  return server.sessions.find(route.route.key, request.headers.get("mcp-session-id"), caller.principal);
}

/** Any version that is known, whatever was negotiated: clients differ in what they send here. */
function checkVersion({ headers }: Request): void {
  const version = headers.get("mcp-protocol-version");
  if (version === null || isLegacyVersion(version)) return;
  throw new RpcError(rpcCodes.refused, `Unsupported protocol version: ${version}`, { status: 400 });
}

function refusal(server: McpServer, error: unknown, idText: string | undefined): Response {
  let known: RpcError;
  if (error instanceof RpcError) known = error;
  else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    server.log.error("an MCP request failed", { error: text });
    known = new RpcError(rpcCodes.internal, "the gateway failed to handle this request", { status: 500 });
  }
  const headers = { "content-type": "application/json", ...known.headers };
  return new Response(writeError(known, idText), { status: known.status, headers });
}

function withCors(request: Request, response: Response): Response {
  for (const [name, value] of Object.entries(corsHeaders(request))) response.headers.set(name, value);
  return response;
}
