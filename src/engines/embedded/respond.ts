import type { BodyPlan, Replacement } from "../../dialects/passage.ts";
import type { Stage } from "../../dialects/stage.ts";
import type { LocalAnswer } from "../../endpoints/endpoint.ts";
import { streamFailureWriters } from "../../endpoints/stream-failure.ts";
import type { Exchange } from "../../exchange/exchange.ts";
import { canDecode, contentEncoding, decoder, decodeStream, decodeWhole } from "../decode.ts";
import { clientHeaders } from "./headers.ts";
import type { InFlight } from "./in-flight.ts";

/** Turns the upstream's answer into the client's, in the way that the exchange wants its body treated. */
export async function respond(inFlight: InFlight, exchange: Exchange, upstream: Response): Promise<Response> {
  const encoding = contentEncoding(upstream.headers);
  const plan = exchange.answer({
    status: upstream.status,
    headers: upstream.headers,
    isEncoded: encoding !== undefined,
  });
  const { body } = upstream;
  if (body === null) return whole(inFlight, exchange, upstream, { type: "pass" }, undefined);
  const isReadable = encoding === undefined || canDecode(encoding);
  if (plan.type === "whole")
    return whole(inFlight, exchange, upstream, isReadable ? plan : { type: "pass" }, encoding);
  return stream(inFlight, exchange, upstream, body, isReadable ? plan : { type: "pass" }, encoding);
}

/** An answer of the gateway's own. */
export function respondLocally(inFlight: InFlight, answer: LocalAnswer): Response {
  inFlight.bytesSent = Buffer.byteLength(answer.body);
  inFlight.done(answer.status, true);
  const headers = new Headers(answer.headers.map(([name, value]): [string, string] => [name, value]));
  if (!headers.has("x-request-id")) headers.set("x-request-id", inFlight.requestId);
  const isBodyless = answer.status === 204 || inFlight.request.method === "HEAD";
  return new Response(isBodyless ? null : answer.body, { status: answer.status, headers });
}

async function whole(
  inFlight: InFlight,
  exchange: Exchange,
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
    if (inFlight.cut === "request-timeout") {
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
  const headers = clientHeaders(upstream.headers);
  if (replacement !== undefined) applyReplacement(headers, replacement);
  const status = replacement?.status ?? upstream.status;
  const body = replacement?.body ?? bytes;
  inFlight.bytesSent = body.length;
  inFlight.responseHeaders = headers;
  inFlight.done(status, true);
  return new Response(isBodyless(status) ? null : (body as Uint8Array<ArrayBuffer>), { status, headers });
}

function applyReplacement(headers: Headers, replacement: Replacement): void {
  headers.delete("content-encoding");
  headers.set("content-type", replacement.contentType);
  for (const [name, value] of replacement.set ?? []) headers.set(name, value);
}

function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

function stream(
  inFlight: InFlight,
  exchange: Exchange,
  upstream: Response,
  body: ReadableStream<Uint8Array>,
  plan: Exclude<BodyPlan, { type: "whole" }>,
  encoding: string | undefined,
): Response {
  inFlight.rememberPeer();
  const headers = clientHeaders(upstream.headers);
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
  } else if (upstream.headers.has("content-length")) {
    headers.set("content-length", upstream.headers.get("content-length") ?? "");
  }
  inFlight.responseHeaders = headers;
  const failure = isEventStream(headers) && encoding === undefined ? exchange : undefined;
  const readable = clientStream({ inFlight, source, stage, watch, failure, status: upstream.status });
  return new Response(readable, { status: upstream.status, headers });
}

function isEventStream(headers: Headers): boolean {
  return headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}

/** Looks on while bytes go by. */
interface Watcher {
  push(piece: Uint8Array): void;
  /** Resolves when all that was pushed has been looked at. */
  end(isCut: boolean): Promise<void> | undefined;
}

function ignore(): void {}

function plainWatcher(stage: Stage<Uint8Array, never>): Watcher {
  return {
    push: (piece) => stage.push(piece, ignore),
    end: (isCut) => {
      stage.end(ignore, isCut);
      return undefined;
    },
  };
}

/** For compressed streams that go on as they came: decodes a copy beside them. What cannot be decoded is not counted. */
function decodingWatcher(stage: Stage<Uint8Array, never>, encoding: string): Watcher {
  const { readable, writable } = decoder(encoding);
  const writer = writable.getWriter();
  const reading = (async () => {
    for await (const piece of readable) stage.push(piece as Uint8Array, ignore);
  })().catch(ignore);
  return {
    push: (piece) => void writer.write(piece as Uint8Array<ArrayBuffer>).catch(ignore),
    end: async (isCut) => {
      await writer.close().catch(ignore);
      await reading;
      stage.end(ignore, isCut);
    },
  };
}

interface ClientStreamOptions {
  readonly inFlight: InFlight;
  readonly source: ReadableStream<Uint8Array>;
  readonly stage: Stage<Uint8Array, Uint8Array> | undefined;
  readonly watch: Watcher | undefined;
  /** Set for event streams: a broken one ends with an error event of the client's dialect. */
  readonly failure: Exchange | undefined;
  readonly status: number;
}

/** Reads the upstream only as fast as the client takes it; a client that leaves ends the upstream at once. */
function clientStream(options: ClientStreamOptions): ReadableStream<Uint8Array> {
  const { inFlight, stage, watch, status } = options;
  const reader = options.source.getReader();
  let hasEmitted = false;
  const finish = async (isComplete: boolean) => {
    await watch?.end(!isComplete);
    inFlight.done(status, isComplete);
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const emit = (piece: Uint8Array) => {
        hasEmitted = true;
        inFlight.bytesSent += piece.length;
        controller.enqueue(piece);
      };
      hasEmitted = false;
      try {
        while (!hasEmitted) {
          const { done, value } = await reader.read();
          if (done) {
            stage?.end(emit, false);
            await finish(true);
            controller.close();
            return;
          }
          inFlight.active();
          if (stage === undefined) {
            emit(value);
            watch?.push(value);
          } else {
            stage.push(value, emit);
          }
        }
      } catch (error) {
        await breakOff(options, controller, emit, error);
        await finish(false);
      }
    },
    async cancel() {
      inFlight.abort("client-gone");
      await reader.cancel().catch(ignore);
      await finish(false);
    },
  });
}

/** The upstream broke off, or its time is over. A plain body is cut too, so that nobody takes it for whole. */
async function breakOff(
  { inFlight, stage, failure }: ClientStreamOptions,
  controller: ReadableStreamDefaultController<Uint8Array>,
  emit: (piece: Uint8Array) => void,
  error: unknown,
): Promise<void> {
  inFlight.upstreamFailure ??= String(error);
  const before = inFlight.bytesSent;
  stage?.end(emit, true);
  if (failure === undefined || inFlight.isClientGone) {
    controller.error(error);
    return;
  }
  const isTimeout = inFlight.cut === "request-timeout";
  const [code, message] = isTimeout
    ? (["upstream_timeout", "upstream request timeout"] as const)
    : (["upstream_reset", "the upstream closed the stream before it was complete"] as const);
  failure.fail(code, message);
  // A stage that translates has written its own error event; a stream that only passes gets one here.
  const hasOwn = stage !== undefined && inFlight.bytesSent > before;
  if (!hasOwn) emit(streamFailureWriters[failure.endpoint.family](code, message));
  controller.close();
}
