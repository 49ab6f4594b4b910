import {
  describeModel,
  failureWriters,
  type LocalAnswer,
  listModels,
  noRouteMessage,
} from "../../endpoints/index.ts";
import { Exchange } from "../../exchange/exchange.ts";
import { clientAddress } from "../../policy/access/client-address.ts";
import { aiEntry, type RequestFacts } from "../../policy/match.ts";
import type { Connection, Runtime } from "../../runtime/runtime.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { TrafficGuard } from "../traffic/guard.ts";
import { admitAtEntry, admitToPlain, admitToRoute } from "./admit.ts";
import { firstGood } from "./attempts.ts";
import { readBody } from "./body.ts";
import type { ClientWatch } from "./client-watch.ts";
import { compressAnswer } from "./compress.ts";
import { guardMcp } from "./guard-mcp.ts";
import { holdToRule } from "./hold-to-rule.ts";
import { InFlight, type OnDone } from "./in-flight.ts";
import { overrideAnswer } from "./override-answer.ts";
import { servePlain } from "./plain.ts";
import type { EmbeddedTwin, PreparedListener } from "./prepare.ts";
import { respond, respondLocally } from "./respond.ts";

/** What all requests of one engine share. */
export interface Gateway {
  readonly runtime: Runtime;
  readonly log: Logger;
  /** Replaced by a reload; a request keeps the one it began with. */
  twin: EmbeddedTwin;
  readonly inFlight: Set<InFlight>;
  /** Holds requests to their limits. */
  readonly guard: TrafficGuard;
  readonly clientWatch: ClientWatch;
  /** Takes a request out of `inFlight`, and tells the log of what failed. */
  readonly onDone: OnDone;
}

/** The way of one client request, from its head to its response. */
export async function handle(
  gateway: Gateway,
  port: number,
  request: Request,
  connection: Connection,
): Promise<Response> {
  // One request sees one model, whatever reloads meanwhile.
  const { twin } = gateway;
  const path = pathOf(request.url);
  const mcp = twin.mcp && findMcp(twin, port, path, request, connection);
  if (mcp !== undefined) return mcp;
  const inFlight = new InFlight(request, path, crypto.randomUUID(), connection, twin, gateway.onDone);
  gateway.inFlight.add(inFlight);
  gateway.clientWatch.add(inFlight);
  try {
    const listener = twin.listeners.get(port);
    if (listener === undefined) return respondLocally(inFlight, leaving);
    inFlight.trustedHops = listener.trustedHops;
    return await serve(gateway, twin, listener, inFlight);
  } catch (error) {
    // Whatever throws here is our mistake: the client gets an error in its own shape, the log says why.
    gateway.log.error("request failed", { request_id: inFlight.requestId, error: describeError(error) });
    return respondLocally(inFlight, internalFailure(inFlight));
  }
}

/** The answer of an MCP route, if the request is for one. */
function findMcp(
  twin: EmbeddedTwin,
  port: number,
  target: string,
  request: Request,
  connection: Connection,
): Promise<Response> | undefined {
  const { listeners, mcp } = twin;
  const listener = listeners.get(port);
  const host = listener?.hosts.only ?? listener?.hosts.find(request.headers.get("host") ?? "");
  if (host?.mcp === undefined) return undefined;
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  const mount = host.mcp.find(path, request.headers);
  if (mount === undefined || mcp === undefined) return undefined;
  const isLocal = listener?.isLocal ?? false;
  const client = {
    remoteAddress: () =>
      clientAddress(
        connection.remoteAddress(),
        request.headers.get("x-forwarded-for"),
        listener?.trustedHops ?? 0,
      ),
  };
  return guardMcp(twin, mount, path, request, client, (admitted) =>
    mcp.handle(mount.route, path, admitted, isLocal),
  );
}

async function serve(
  { runtime, guard }: Gateway,
  twin: EmbeddedTwin,
  listener: PreparedListener,
  inFlight: InFlight,
): Promise<Response> {
  const { request } = inFlight;
  const hostHeader = request.headers.get("host") ?? "";
  // The most specific host wins and hosts do not fall through.
  const host = listener.hosts.only ?? listener.hosts.find(hostHeader);
  if (host === undefined) return respondLocally(inFlight, noHost);
  const found = twin.endpoints.lookup(request.method, inFlight.path, inFlight.requestId);
  if (!host.matches.isAiOnly) {
    const isAiPath = found.type !== "answer" || found.isForeign !== true;
    const entered = host.matches.enter(factsOf(inFlight, undefined), isAiPath);
    if (entered === undefined && !host.isAi) return respondLocally(inFlight, noHost);
    if (entered !== undefined && entered !== aiEntry && entered.rule.plain !== undefined) {
      const stopped = entered.gatekeeper && (await admitToPlain(inFlight, entered.gatekeeper));
      if (stopped !== undefined) return respondLocally(inFlight, stopped);
      return servePlain(inFlight, entered, entered.rule.plain, { runtime, guard, listener });
    }
  }
  const { entry } = host;
  // Strangers are refused before anything is read or told.
  const stopped = entry && (await admitAtEntry(inFlight, entry, found));
  if (stopped !== undefined) return respondLocally(inFlight, stopped);
  if (found.type === "answer") return respondLocally(inFlight, found.answer);
  if (found.type === "models") {
    const { models } = twin.model;
    const { family, id } = found;
    const answer =
      id === undefined
        ? listModels(models, hostHeader, family)
        : describeModel(models, hostHeader, family, id);
    return respondLocally(inFlight, answer);
  }

  const exchange = new Exchange(twin.exchange, found.endpoint, {
    method: request.method,
    requestId: inFlight.requestId,
    get headers() {
      return inFlight.headers;
    },
  });
  inFlight.exchange = exchange;
  // 413 before any parsing, and where the client told the length before any reading.
  const body = await readBody(request, listener.maxBodyBytes);
  if (body === "too-large")
    return respondLocally(inFlight, exchange.fail("request_too_large", tooLarge(listener)));
  if (body === "client-gone")
    return respondLocally(inFlight, exchange.fail("invalid_request", "the request body is incomplete"));
  inFlight.bytesReceived = body.length;

  const refused = exchange.open(body);
  if (refused !== undefined) return respondLocally(inFlight, refused);
  // The model is the last fact that routing needs.
  const route = host.matches.find(factsOf(inFlight, exchange.model));
  if (route === undefined) return respondLocally(inFlight, exchange.fail("route_not_found", noRouteMessage));
  const kept = route.gatekeeper && (await admitToRoute(inFlight, entry, route.gatekeeper, exchange));
  if (kept !== undefined) return respondLocally(inFlight, kept);
  const { action } = route.rule.rule;
  if (route.rule.plain !== undefined || action.type !== "forward") {
    // No AI rule wants this model, but one of plain HTTP takes what is left: no exchange of ours then.
    inFlight.exchange = undefined;
    if (route.rule.plain === undefined) throw new Error("an AI rule that does not forward");
    return servePlain(inFlight, route, route.rule.plain, { runtime, guard, listener, body });
  }
  inFlight.route = route;
  inFlight.startClock(action.timeouts);

  const { traffic } = route.rule;
  const held = traffic && (await holdToRule(guard, traffic, inFlight, exchange, exchange.model, body.length));
  if (held !== undefined) return respondLocally(inFlight, held);
  const given = await firstGood(inFlight, exchange, route.rule, action, runtime);
  const answer = traffic === undefined ? given : await overrideAnswer(traffic, given, request.url);
  const response =
    answer instanceof Response ? respond(inFlight, exchange, answer) : respondLocally(inFlight, answer);
  const { compression } = route.rule.rule;
  return compression === undefined ? response : compressAnswer(request, await response, compression);
}

/** On a connection that was kept although its port is in the configuration no longer. */
const leaving: LocalAnswer = {
  status: 503,
  headers: [["connection", "close"]],
  body: "this listener is shutting down\n",
  failure: "shutting_down",
};

/** As Envoy has it: a host that no route names. */
const noHost: LocalAnswer = { status: 404, headers: [], body: "", failure: "route_not_found" };

function internalFailure(inFlight: InFlight): LocalAnswer {
  const message = "the gateway failed to handle this request";
  const { exchange, requestId } = inFlight;
  return (
    exchange?.fail("internal", message) ??
    failureWriters.openai({ code: "internal", status: 500, message, requestId })
  );
}

function tooLarge(listener: PreparedListener): string {
  return `the request body is larger than the ${listener.maxBodyBytes} bytes that this gateway accepts`;
}

/** Path and query of an absolute URL. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start < 0 ? "/" : url.slice(start);
}

/** What rules are matched by; the object is asked at once and not kept. */
function factsOf({ request, target, headers }: InFlight, model: string | undefined): RequestFacts {
  const { path, query } = target;
  return { method: request.method, path, query: query.slice(1), headers, model };
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
