/** Helpers for tests of dialects. */
import { crc32 } from "node:zlib";
import type { AnswerContext } from "./dialect.ts";
import type { IrWarning } from "./ir/values.ts";
import type { ClientRequest, EndpointName } from "./passage.ts";
import type { Emit, Stage } from "./stage.ts";

/** All that a stage emits for these pieces, its end included. */
export function runStage<In, Out>(stage: Stage<In, Out>, items: Iterable<In>, isCut = false): Out[] {
  const out: Out[] = [];
  const emit: Emit<Out> = (item) => out.push(item);
  for (const item of items) {
    stage.push(item, emit);
    stage.flush?.(emit);
  }
  stage.end(emit, isCut);
  return out;
}

/** A body in two pieces for every place where it can be cut, and byte by byte. */
export function* cutEverywhere(body: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= body.length; at++) yield [body.slice(0, at), body.slice(at)];
  yield Array.from(body, (byte) => Uint8Array.of(byte));
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (!ArrayBuffer.isView(value)) Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}

/** Events as Anthropic writes them. */
export function messageSse(...events: readonly { readonly type: string }[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

/** Chunks as OpenAI writes them, with their sentinel. */
export function chunkSse(...chunks: readonly unknown[]): string {
  return `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`;
}

/** A context whose clock stands still and whose ids count up. */
export function testContext(
  parts: Partial<AnswerContext> = {},
): AnswerContext & { readonly warnings: IrWarning[] } {
  const warnings: IrWarning[] = [];
  let ids = 0;
  return {
    requestModel: "model-1",
    wantsUsage: true,
    answerHeaders: new Headers(),
    request: clientRequest("chat", { model: "model-1" }),
    nowMs: () => 1_750_000_000_000,
    newId: (prefix) => `${prefix}${++ids}`,
    warn: (warning) => warnings.push(warning),
    warnings,
    ...parts,
  };
}

/** A client's request as its endpoint reads it. */
export function clientRequest(
  endpoint: EndpointName,
  body: object | string,
  headers: Record<string, string> = {},
): ClientRequest {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const json = JSON.parse(text);
  return {
    endpoint,
    model: json.model ?? "",
    isStream: json.stream === true,
    wantsUsage: endpoint === "messages" || json.stream_options?.include_usage === true,
    bytes: bytesOf(text),
    json,
    form: undefined,
    contentType: "application/json",
    headers: new Headers(headers),
  };
}

/** A frame of an AWS event stream, with right checksums. `headers`: as bytes. */
export function awsFrame(headers: readonly number[], payload: string): Uint8Array {
  const body = bytesOf(payload);
  const frame = new Uint8Array(16 + headers.length + body.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, frame.length);
  view.setUint32(4, headers.length);
  view.setUint32(8, crc32(frame.subarray(0, 8)));
  frame.set(headers, 12);
  frame.set(body, 12 + headers.length);
  view.setUint32(frame.length - 4, crc32(frame.subarray(0, frame.length - 4)));
  return frame;
}

export function awsTextHeader(name: string, value: string): number[] {
  return [name.length, ...bytesOf(name), 7, value.length >> 8, value.length & 255, ...bytesOf(value)];
}

/** An event of Bedrock's streams: `type` is the event's, or with `exception` the exception's. */
export function awsEvent(type: string, payload: object, kind: "event" | "exception" = "event"): Uint8Array {
  const headers = [...awsTextHeader(":message-type", kind), ...awsTextHeader(`:${kind}-type`, type)];
  return awsFrame(headers, JSON.stringify(payload));
}

/** One of Anthropic's events in a frame of InvokeModelWithResponseStream. */
export function awsChunk(event: object): Uint8Array {
  return awsEvent("chunk", awsChunkPayload(event));
}

export function awsChunkPayload(event: object): object {
  return { bytes: Buffer.from(JSON.stringify(event)).toString("base64"), p: "abc" };
}
