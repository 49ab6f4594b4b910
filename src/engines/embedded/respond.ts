import type { BodyPlan, Replacement } from "../../dialects/passage.ts";
import type { Stage } from "../../dialects/stage.ts";
import { contentEncoding } from "../../dialects/wire/content-encoding.ts";
import type { LocalAnswer } from "../../endpoints/index.ts";
import type { HeaderView } from "../../model/headers.ts";
import type { HeaderEdits } from "../../model/values.ts";
import { canDecode, decodeStream, decodeWhole } from "../decode.ts";
import type { Carried } from "./carried.ts";
import { clientStream, decodingWatcher, plainWatcher, type Watcher } from "./client-stream.ts";
import type { HeaderList } from "./header-list.ts";
import { clientHeaders } from "./headers.ts";
import type { InFlight } from "./in-flight.ts";

/** Turns the upstream's answer into the client's, in the way that the exchange wants its body treated. */
export function respond(
  inFlight: InFlight,
  exchange: Carried,
  upstream: Response,
): Response | Promise<Response> {
  const encoding = contentEncoding(upstream.headers);
  const plan = exchange.answer({
    status: upstream.status,
    headers: upstream.headers,
    isEncoded: encoding !== undefined,
  });
  const isReadable = encoding === undefined || canDecode(encoding);
  const way: BodyPlan = isReadable && hasBody(inFlight, upstream) ? plan : { type: "pass" };
  // Whoever asks a response for its stream gets one made; a body that is read whole can do without.
  if (way.type === "whole") return whole(inFlight, exchange, upstream, way, encoding);
  const { body } = upstream;
  if (body === null) return whole(inFlight, exchange, upstream, way, undefined);
  return stream(inFlight, exchange, upstream, body, way, encoding);
}

/** Whether there may be something to read. */
function hasBody({ request }: InFlight, { status, headers }: Response): boolean {
  return !isBodyless(status) && request.method !== "HEAD" && headers.get("content-length") !== "0";
}

/** An answer of the gateway's own. */
export function respondLocally(inFlight: InFlight, answer: LocalAnswer): Response {
  inFlight.bytesSent = Buffer.byteLength(answer.body);
  inFlight.done(answer.status, true);
  const headers = new Headers(answer.headers.map(([name, value]): [string, string] => [name, value]));
  if (answer.failure === undefined) editAnswer(headers, inFlight);
  for (const [name, value] of inFlight.verdict?.headers ?? []) headers.set(name, value);
  if (!headers.has("x-request-id")) headers.set("x-request-id", inFlight.requestId);
  addCors(headers, inFlight);
  const isBare = isBodyless(answer.status) || inFlight.request.method === "HEAD";
  return new Response(isBare ? null : answer.body, { status: answer.status, headers });
}

async function whole(
  inFlight: InFlight,
  exchange: Carried,
  upstream: Response,
  plan: BodyPlan,
  encoding: string | undefined,
): Promise<Response> {
  let bytes: Uint8Array;
  let decoded: Uint8Array | undefined;
  try {
    bytes = await upstream.bytes();
  } catch (error) {
    inFlight.upstreamFailure = String(error);
    if (inFlight.isTimedOut) {
      return respondLocally(inFlight, exchange.fail("upstream_timeout", "upstream request timeout"));
    }
    return respondLocally(
      inFlight,
      exchange.fail("upstream_reset", "the upstream closed the connection mid-answer"),
    );
  }
  if (plan.type === "whole") {
    try {
      decoded = await decodeWhole(bytes, encoding);
    } catch (error) {
      // The bytes still go on: the client may be able to make sense of what we cannot.
      inFlight.upstreamFailure = String(error);
    }
  }
  const replacement = plan.type === "whole" && decoded !== undefined ? plan.read(decoded) : undefined;
  const headers = answerHeaders(inFlight, exchange, upstream);
  if (replacement !== undefined) applyReplacement(headers, replacement);
  const status = replacement?.status ?? upstream.status;
  const body = replacement?.body ?? bytes;
  inFlight.bytesSent = body.length;
  inFlight.responseHeaders = headers;
  inFlight.done(status, true);
  return new Response(isBodyless(status) ? null : (body as Uint8Array<ArrayBuffer>), {
    status,
    headers: headers.toInit(),
  });
}

function applyReplacement(headers: HeaderList, replacement: Replacement): void {
  headers.delete("content-encoding");
  headers.set("content-type", replacement.contentType);
  for (const [name, value] of replacement.set ?? []) headers.set(name, value);
}

function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

function stream(
  inFlight: InFlight,
  exchange: Carried,
  upstream: Response,
  body: ReadableStream<Uint8Array>,
  plan: Exclude<BodyPlan, { type: "whole" }>,
  encoding: string | undefined,
): Response {
  inFlight.rememberPeer();
  const headers = answerHeaders(inFlight, exchange, upstream);
  let source = body;
  let stage: Stage<Uint8Array, Uint8Array> | undefined;
  let watch: Watcher | undefined;
  if (plan.type === "rewrite") {
    stage = plan.stage;
    if (encoding !== undefined) source = decodeStream(body, encoding);
    headers.delete("content-encoding");
    for (const name of plan.remove) headers.delete(name);
    for (const [name, value] of plan.set) headers.set(name, value);
  } else if (plan.type === "tap") {
    watch = encoding === undefined ? plainWatcher(plan.stage) : decodingWatcher(plan.stage, encoding);
  }
  // Bytes that go as they came are as many; an event stream may get an event more when it breaks.
  if (plan.type !== "rewrite" && upstream.headers.has("content-length") && !isEventStream(headers)) {
    headers.set("content-length", upstream.headers.get("content-length") ?? "");
  }
  inFlight.responseHeaders = headers;
  const isPlainEventStream = encoding === undefined && isEventStream(headers);
  const failure = isPlainEventStream || plan.type === "rewrite" ? exchange : undefined;
  const readable = clientStream({ inFlight, source, stage, watch, failure, status: upstream.status });
  return new Response(readable, { status: upstream.status, headers: headers.toInit() });
}

function isEventStream(headers: HeaderView): boolean {
  return headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}

function addCors(headers: Pick<HeaderList, "set" | "append">, { cors }: InFlight): void {
  if (cors === undefined) return;
  for (const [name, value] of cors) {
    if (name === "vary") headers.append(name, value);
    else headers.set(name, value);
  }
}

/** With `--debug` the client is told too what of its request did not travel. */
function answerHeaders(inFlight: InFlight, exchange: Carried, upstream: Response): HeaderList {
  const headers = clientHeaders(upstream.headers);
  // A provider's own id stays: its support asks for that.
  if (!headers.has("x-request-id")) headers.set("x-request-id", inFlight.requestId);
  editAnswer(headers, inFlight);
  if (inFlight.verdict !== undefined)
    for (const [name, value] of inFlight.verdict.headers) headers.set(name, value);
  for (const cookie of inFlight.newCookies) headers.append("set-cookie", cookie);
  addCors(headers, inFlight);
  if (inFlight.isDebug && exchange.warnings.length > 0) {
    const text = exchange.warnings.map(({ path, message }) => `${path}: ${message}`).join("; ");
    headers.set("x-aigw-warning", text.replace(/[^\x20-\x7e]/g, "?").slice(0, 4096));
  }
  return headers;
}

type EditableHeaders = Pick<Headers, "append" | "delete" | "set">;

/** What rules of plain HTTP say about the headers of answers: the rule's own first, then the reference's. */
function editAnswer(headers: EditableHeaders, { route, ref }: InFlight): void {
  const { responseHeaders } = route?.rule.rule ?? {};
  if (responseHeaders !== undefined) edit(headers, responseHeaders);
  if (ref !== undefined) edit(headers, ref.responseHeaders);
}

function edit(headers: EditableHeaders, { remove, set, add }: HeaderEdits): void {
  for (const name of remove) headers.delete(name);
  for (const [name, value] of set) headers.set(name, value);
  for (const [name, value] of add) headers.append(name, value);
}
