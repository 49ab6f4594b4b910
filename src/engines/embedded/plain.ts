import { failureWriters, type LocalAnswer } from "../../endpoints/index.ts";
import { type FailureCode, failureStatus } from "../../model/failure.ts";
import type { Rule } from "../../model/route.ts";
import { editHeaders } from "../../policy/edit-headers.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { TrafficGuard } from "../traffic/guard.ts";
import { overrideLocal } from "../traffic/override.ts";
import { firstGood } from "./attempts.ts";
import { readBody } from "./body.ts";
import type { Carried, PlainMessage } from "./carried.ts";
import { compressAnswer } from "./compress.ts";
import { type PlainHeaders, passedHeaders } from "./headers.ts";
import { holdToRule } from "./hold-to-rule.ts";
import type { InFlight } from "./in-flight.ts";
import { mirror } from "./mirror.ts";
import { overrideAnswer } from "./override-answer.ts";
import type { PreparedListener, PreparedRef, PreparedRoute } from "./prepare.ts";
import { compileHost, type PreparedPlain } from "./prepare-plain.ts";
import { respond, respondLocally } from "./respond.ts";

type PreparedForward = Extract<PreparedPlain, { type: "forward" }>;

/** Where a request of plain HTTP came in, and what was read of it before it was known to be one. */
export interface PlainEntry {
  readonly runtime: Runtime;
  readonly guard: TrafficGuard;
  readonly listener: Pick<PreparedListener, "port" | "maxBodyBytes">;
  readonly body?: Uint8Array;
}

/** A request that a rule of plain HTTP takes: answered, redirected, or handed on as it is. */
export async function servePlain(
  inFlight: InFlight,
  route: PreparedRoute,
  plain: PreparedPlain,
  entry: PlainEntry,
): Promise<Response> {
  inFlight.route = route;
  const { traffic, rule } = route.rule;
  const { url } = inFlight.request;
  const refusing = {
    fail: (code: FailureCode, message: string, status?: number) => fail(inFlight, code, message, status),
  };
  const refusalOf = (bodyBytes: number) =>
    traffic && holdToRule(entry.guard, traffic, inFlight, refusing, "", bodyBytes);
  if (plain.type !== "forward") {
    const refusal = await refusalOf(0);
    return respondLocally(
      inFlight,
      refusal ?? overrideLocal(traffic, ownAnswer(inFlight, plain, entry), url),
    );
  }
  const maxBodyBytes = Math.min(
    entry.listener.maxBodyBytes,
    rule.maxBufferedBytes ?? Number.POSITIVE_INFINITY,
  );
  const body = await bodyOf(inFlight.request, plain, entry.body, maxBodyBytes, rule);
  if (body === "too-large") return respondLocally(inFlight, tooLarge(inFlight, maxBodyBytes));
  if (body === "client-gone")
    return respondLocally(inFlight, fail(inFlight, "invalid_request", "the request body is incomplete"));
  if (body instanceof Uint8Array) inFlight.bytesReceived = body.length;
  const refusal = traffic && (await refusalOf(inFlight.bytesReceived));
  if (refusal !== undefined) return respondLocally(inFlight, refusal);
  inFlight.startClock(plain.forward.timeouts);
  const request = new PlainRequest(inFlight, route.rule.refs, plain, body);
  if (plain.mirrors.length > 0) mirror(inFlight, plain.mirrors, request.message(undefined), entry.runtime);
  const given = await firstGood(inFlight, request, route.rule, plain.forward, entry.runtime);
  const answer = traffic === undefined ? given : await overrideAnswer(traffic, given, url);
  const response =
    answer instanceof Response ? respond(inFlight, request, answer) : respondLocally(inFlight, answer);
  if (rule.compression === undefined) return response;
  return compressAnswer(inFlight.request, await response, rule.compression);
}

function ownAnswer(
  inFlight: InFlight,
  plain: Exclude<PreparedPlain, PreparedForward>,
  { listener }: PlainEntry,
): LocalAnswer {
  if (plain.type === "answer") return plain.answer;
  const { path, query } = inFlight.target;
  const scheme = inFlight.request.url.startsWith("https:") ? "https" : "http";
  const host = inFlight.request.headers.get("host") ?? "";
  const location = plain.location({ scheme, host, path, query, listenerPort: listener.port });
  return { status: plain.status, headers: [["location", location]], body: "" };
}

/** Small bodies are held, so that their length is told and they can be sent again; larger ones pass. */
const heldBytes = 1024 * 1024;

type PlainBody = Uint8Array | ReadableStream<Uint8Array> | undefined;

async function bodyOf(
  request: Request,
  { forward, mirrors }: PreparedForward,
  body: Uint8Array | undefined,
  maxBodyBytes: number,
  rule: Rule,
): Promise<PlainBody | "too-large" | "client-gone"> {
  if (body !== undefined) {
    if (body.length > maxBodyBytes) return "too-large";
    return body.length === 0 ? undefined : body;
  }
  if (request.body === null) return undefined;
  const declared = Number(request.headers.get("content-length") ?? Number.NaN);
  const isWantedTwice = forward.retry !== undefined || mirrors.length > 0;
  // Whether it is too large can be said only of a whole one.
  const isMeasured = rule.maxBufferedBytes !== undefined;
  const isHeld = isMeasured || declared <= heldBytes || (isWantedTwice && declared <= maxBodyBytes);
  if (!isHeld) return request.body;
  const bytes = await readBody(request, maxBodyBytes);
  return bytes instanceof Uint8Array && bytes.length === 0 ? undefined : bytes;
}

/** Plain HTTP among the engine's tries: nothing is translated, signed or counted. */
class PlainRequest implements Carried {
  readonly isRepeatable: boolean;
  readonly warnings = [];
  readonly #inFlight: InFlight;
  readonly #refs: readonly PreparedRef[];
  readonly #plain: PreparedForward;
  readonly #body: PlainBody;

  constructor(inFlight: InFlight, refs: readonly PreparedRef[], plain: PreparedForward, body: PlainBody) {
    this.#inFlight = inFlight;
    this.#refs = refs;
    this.#plain = plain;
    this.#body = body;
    this.isRepeatable = !(body instanceof ReadableStream);
  }

  canServe(): boolean {
    return true;
  }

  refused(): boolean {
    return false;
  }

  attempt(name: string): PlainMessage {
    const ref = this.#refs.find((one) => one.name === name);
    this.#inFlight.ref = ref;
    return this.message(ref);
  }

  answer(): { readonly type: "pass" } {
    return { type: "pass" };
  }

  fail(code: FailureCode, message: string): LocalAnswer {
    const words =
      code === "broken_route" ? "the rule for this request has no backend that is configured" : message;
    return fail(this.#inFlight, code, words);
  }

  /** The request as an upstream gets it; `undefined`: one that is not of the rule's references. */
  message(ref: PreparedRef | undefined): PlainMessage {
    const { requestId, target, route } = this.#inFlight;
    const headers: PlainHeaders = passedHeaders(this.#inFlight.headers);
    headers["x-request-id"] = requestId;
    addForwarded(headers, this.#inFlight);
    const { requestHeaders } = route?.rule.rule ?? {};
    if (requestHeaders !== undefined) editHeaders(headers, requestHeaders);
    if (ref !== undefined) editHeaders(headers, ref.requestHeaders);
    if (ref?.injected !== undefined && ref.secret !== undefined) inject(headers, ref.injected, ref.secret);
    this.#setHost(headers, ref);
    return { path: this.#plain.path(target.path) + target.query, headers, body: this.#body };
  }

  #setHost(sentHeaders: PlainHeaders, ref: PreparedRef | undefined): void {
    const { request, target, headers } = this.#inFlight;
    const rewrite = ref?.host ?? this.#plain.forward.host;
    const make = ref?.host === undefined ? this.#plain.host : compileHost(ref.host);
    const host = make({ headers, path: target.path });
    const sent = host ?? this.#inFlight.endpoint?.hostHeader;
    if (sent !== undefined) sentHeaders["host"] = sent;
    const isSilent = rewrite.type === "keep" || rewrite.isSilent === true;
    if (!isSilent) sentHeaders["x-forwarded-host"] = request.headers.get("host") ?? "";
  }
}

/** As Envoy at the edge: the peer is appended, the scheme is ours to say. */
function addForwarded(headers: PlainHeaders, inFlight: InFlight): void {
  const peer = inFlight.peer();
  const earlier = headers["x-forwarded-for"];
  if (peer !== undefined) headers["x-forwarded-for"] = earlier === undefined ? peer : `${earlier}, ${peer}`;
  headers["x-forwarded-proto"] = inFlight.request.url.startsWith("https:") ? "https" : "http";
}

function inject(
  headers: PlainHeaders,
  { name, isOverwriting }: NonNullable<PreparedRef["injected"]>,
  secret: string,
) {
  if (isOverwriting || headers[name] === undefined) headers[name] = secret;
}

function fail(
  inFlight: InFlight,
  code: FailureCode,
  message: string,
  status: number = failureStatus[code],
): LocalAnswer {
  const { requestId } = inFlight;
  return failureWriters.openai({ code, status, message, requestId });
}

function tooLarge(inFlight: InFlight, maxBodyBytes: number): LocalAnswer {
  const message = `the request body is larger than the ${maxBodyBytes} bytes that this gateway accepts`;
  return fail(inFlight, "request_too_large", message);
}
