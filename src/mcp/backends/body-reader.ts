import { joinBytes } from "../../dialects/wire/bytes.ts";
import { contentEncoding, decompressionOf } from "../../dialects/wire/content-encoding.ts";
import { eachEntry, isArrayAt, isSpace, textStart } from "../../dialects/wire/json-scan.ts";
import type { McpLimits } from "../../model/mcp.ts";
import { SseEventReader } from "../sse/event-reader.ts";
import { type BackendCall, BackendFailure, type BackendMessage, type MessageReader } from "./connection.ts";
import { explainFailure } from "./explain-failure.ts";

type Limits = Pick<McpLimits, "maxResponseBytes" | "maxEventBytes">;

/** Reads the messages of a response, whether it is what its `content-type` says or not. */
export function readBody(
  response: Response,
  isStream: boolean,
  limits: Limits,
  call: BackendCall,
): MessageReader {
  return new BodyReader(response, isStream, limits, call);
}

/** What is behind a label is found out by the first byte: JSON begins with a bracket, and no event stream does. */
class BodyReader implements MessageReader {
  readonly #response: Response;
  readonly #limits: Limits;
  readonly #call: BackendCall;
  #isStream: boolean;
  #pieces: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #events: SseEventReader | undefined;
  #queue: BackendMessage[] = [];
  #isDone: boolean;

  constructor(response: Response, isStream: boolean, limits: Limits, call: BackendCall) {
    this.#response = response;
    this.#isStream = isStream;
    this.#limits = limits;
    this.#call = call;
    this.#isDone = response.body === null;
  }

  get lastEventId(): string | undefined {
    return this.#events?.lastEventId;
  }

  get retryMs(): number | undefined {
    return this.#events?.retryMs;
  }

  async next(): Promise<BackendMessage | undefined> {
    try {
      for (;;) {
        const message = this.#queue.shift();
        if (message !== undefined) return message;
        if (this.#isDone) return undefined;
        await this.#fill();
      }
    } catch (error) {
      this.#isDone = true;
      throw explainFailure(error, this.#call.signal);
    }
  }

  cancel(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const cancelled = this.#pieces === undefined ? this.#response.body?.cancel() : this.#pieces.cancel();
    cancelled?.catch(() => {});
  }

  takeRaw(): ReadableStream<Uint8Array> | undefined {
    if (this.#isDone || this.#isStream || this.#pieces !== undefined || this.#encoding() !== undefined) {
      return undefined;
    }
    this.#isDone = true;
    return this.#response.body ?? undefined;
  }

  /** Adds to the queue, or finds the end. */
  async #fill(): Promise<void> {
    const { maxResponseBytes } = this.#limits;
    if (this.#pieces === undefined && !this.#isStream && this.#encoding() === undefined) {
      const length = this.#response.headers.get("content-length");
      if (length !== null && Number(length) <= maxResponseBytes) {
        const bytes = await this.#response.bytes();
        this.#call.onActivity?.();
        if (isJsonStart(bytes[textStart(bytes)])) return this.#whole(bytes);
        // Not JSON at all: read again as events.
        this.#queueEvents(new SseEventReader(this.#limits.maxEventBytes), bytes);
        return;
      }
    }
    this.#pieces ??= this.#source().getReader();
    const { done, value } = await this.#pieces.read();
    this.#call.onActivity?.();
    if (done) return this.#endEvents();
    if (this.#events !== undefined) return this.#push(this.#events.push(value));
    await this.#begin(value);
  }

  /** The first bytes that are more than white space say what the rest is. */
  async #begin(first: Uint8Array): Promise<void> {
    const held = [first];
    let bytes = first;
    while (isBlank(bytes)) {
      const { done, value } = (await this.#pieces?.read()) ?? { done: true as const, value: undefined };
      if (done) break;
      this.#call.onActivity?.();
      held.push(value);
      bytes = joinBytes(held);
    }
    if (isJsonStart(bytes[textStart(bytes)])) return this.#whole(await this.#readRest(bytes));
    this.#isStream = true;
    this.#events = new SseEventReader(this.#limits.maxEventBytes);
    this.#push(this.#events.push(bytes));
  }

  async #readRest(first: Uint8Array): Promise<Uint8Array> {
    const held = [first];
    let size = first.length;
    for (;;) {
      if (size > this.#limits.maxResponseBytes) {
        const message = `sent an answer larger than ${this.#limits.maxResponseBytes} bytes`;
        this.cancel();
        throw new BackendFailure("too-large", message);
      }
      const { done, value } = (await this.#pieces?.read()) ?? { done: true as const, value: undefined };
      if (done) return joinBytes(held);
      this.#call.onActivity?.();
      held.push(value);
      size += value.length;
    }
  }

  #whole(bytes: Uint8Array): void {
    this.#isDone = true;
    this.#queue.push(...splitBatch(bytes, undefined));
  }

  #queueEvents(events: SseEventReader, bytes: Uint8Array): void {
    this.#events = events;
    this.#push(events.push(bytes));
    this.#endEvents();
  }

  #endEvents(): void {
    this.#isDone = true;
    if (this.#events !== undefined) this.#push(this.#events.end());
  }

  #push(events: ReturnType<SseEventReader["push"]>): void {
    for (const { data, id } of events) if (data.length > 0) this.#queue.push(...splitBatch(data, id));
  }

  #encoding(): string | undefined {
    return contentEncoding(this.#response.headers);
  }

  #source(): ReadableStream<Uint8Array> {
    const { body } = this.#response;
    if (body === null) throw new BackendFailure("malformed", "sent an empty answer");
    const encoding = this.#encoding();
    if (encoding === undefined) return body;
    const decompression = decompressionOf(encoding);
    if (decompression === undefined)
      throw new BackendFailure("malformed", `sent content-encoding "${encoding}", which is not known`);
    const { readable, writable } = decompression;
    return body.pipeThrough({ readable, writable: writable as WritableStream<Uint8Array> });
  }
}

function isJsonStart(byte: number | undefined): boolean {
  return byte === 0x7b || byte === 0x5b;
}

function isBlank(bytes: Uint8Array): boolean {
  const start = textStart(bytes);
  return (
    start >= bytes.length || (start === 0 && bytes.length < 3 && bytes[0] === 0xef) || isSpace(bytes[start])
  );
}

/** The one message, or those of a batch, which servers of 2025-03-26 may send. */
function splitBatch(bytes: Uint8Array, eventId: string | undefined): BackendMessage[] {
  const start = textStart(bytes);
  if (!isArrayAt(bytes, start)) return [{ bytes: start === 0 ? bytes : bytes.subarray(start), eventId }];
  const messages: BackendMessage[] = [];
  eachEntry(bytes, start, (_start, _keyEnd, from, to) => {
    messages.push({ bytes: bytes.subarray(from, to), eventId });
    return false;
  });
  return messages;
}
