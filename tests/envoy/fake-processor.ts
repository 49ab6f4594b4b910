/** A processor for tests: as much of ext_proc as tells whether Envoy is configured to ask and obey. */
import { rmSync } from "node:fs";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { exchangeIdHeader, exchangeNamespace, modelHeader } from "../../src/engines/envoy/names.ts";
import type { Processor } from "../../src/engines/envoy/processor.ts";

/** Wire fields of a message by number; nested ones are bytes until they are read. */
type Fields = Map<number, Uint8Array[]>;

function readFields(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  for (let at = 0; at < bytes.length; ) {
    const [tag, afterTag] = readVarint(bytes, at);
    const [value, next] = readValue(bytes, afterTag, tag & 7);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
    at = next;
  }
  return fields;
}

function readValue(bytes: Uint8Array, at: number, wireType: number): [Uint8Array, number] {
  if (wireType === 0) {
    const [value, next] = readVarint(bytes, at);
    return [Uint8Array.of(value), next];
  }
  if (wireType === 1) return [bytes.subarray(at, at + 8), at + 8];
  const [length, start] = readVarint(bytes, at);
  return [bytes.subarray(start, start + length), start + length];
}

function readVarint(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0;
  let at = from;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

type Value = number | string | Uint8Array;

function message(...fields: readonly (readonly [number, Value])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === "number") return [varint(number * 8), varint(value)];
      const bytes = typeof value === "string" ? Buffer.from(value) : value;
      return [varint(number * 8 + 2), varint(bytes.length), bytes];
    }),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

function readHeaders(bytes: Uint8Array | undefined): { [name: string]: string } {
  const [list] = readFields(bytes ?? new Uint8Array()).get(1) ?? [];
  const headers: { [name: string]: string } = {};
  for (const header of readFields(list ?? new Uint8Array()).get(1) ?? []) {
    const fields = readFields(header);
    const text = (field: number) => Buffer.from(fields.get(field)?.[0] ?? []).toString();
    headers[text(1)] = text(2) || text(3);
  }
  return headers;
}

/** The strings of `attributes`, by expression. */
function readAttributes(entries: readonly Uint8Array[]): { [expression: string]: string } {
  const attributes: { [expression: string]: string } = {};
  for (const entry of entries) {
    const [struct] = readFields(entry).get(2) ?? [];
    for (const field of readFields(struct ?? new Uint8Array()).get(1) ?? []) {
      const [key, value] = [1, 2].map((number) => readFields(field).get(number)?.[0] ?? new Uint8Array());
      const [text] = readFields(value ?? new Uint8Array()).get(3) ?? [];
      attributes[Buffer.from(key ?? []).toString()] = Buffer.from(text ?? []).toString();
    }
  }
  return attributes;
}

/** `HeaderMutation` that sets each of these, empty ones too. */
function setHeaders(headers: { readonly [name: string]: string }): Buffer {
  return message(
    ...Object.entries(headers).map(([name, value]): [number, Value] => [
      1,
      message([1, message([1, name], [3, value])], [3, 2], [4, 1]),
    ]),
  );
}

/** An attempt as the processor saw it. */
export interface SeenAttempt {
  readonly headers: { readonly [name: string]: string };
  readonly attributes: { readonly [expression: string]: string };
}

const answerOf = { 2: 1, 3: 2, 4: 3, 5: 4 } as const;

/** Routes by the member `model` of JSON bodies, refuses bodies that say `"refuse"`, and leaves answers alone. */
export class FakeProcessor implements Processor {
  readonly socketPath: string;
  readonly attempts: SeenAttempt[] = [];
  /** Headers of every answer that went by. */
  readonly answers: { readonly [name: string]: string }[] = [];
  readonly steps: string[] = [];
  #server: Http2Server | undefined;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  async start(): Promise<void> {
    this.steps.push("start");
    rmSync(this.socketPath, { force: true });
    const most = 2 ** 32 - 1;
    const server = createServer({ streamResetBurst: most, streamResetRate: most });
    this.#server = server;
    server.on("stream", (stream: ServerHttp2Stream) => this.#serve(stream));
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
  }

  async replace(): Promise<() => void> {
    this.steps.push("replace");
    return () => void this.steps.push("retire");
  }

  async stop(): Promise<void> {
    this.steps.push("stop");
    this.#server?.close();
  }

  #serve(stream: ServerHttp2Stream): void {
    let rest: Buffer = Buffer.alloc(0);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("error", () => {});
    stream.on("data", (piece: Buffer) => {
      rest = Buffer.concat([rest, piece]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const end = 5 + rest.readUInt32BE(1);
        const answer = this.#answer(readFields(rest.subarray(5, end)));
        const head = Buffer.alloc(5);
        head.writeUInt32BE(answer.length, 1);
        stream.write(Buffer.concat([head, answer]));
        rest = rest.subarray(end);
      }
    });
    stream.on("end", () => stream.end());
  }

  #answer(request: Fields): Buffer {
    const attributes = readAttributes(request.get(9) ?? []);
    const [requestHeaders] = request.get(2) ?? [];
    if (requestHeaders !== undefined) {
      const headers = readHeaders(requestHeaders);
      if (Object.keys(attributes).length > 0) return this.#attempt(headers, attributes);
      const id = `${headers["x-request-id"]}-${crypto.randomUUID()}`;
      return message([1, message([1, message([2, setHeaders({ [exchangeIdHeader]: id })])])]);
    }
    const [body] = request.get(4) ?? [];
    if (body !== undefined) return route(Buffer.from(readFields(body).get(1)?.[0] ?? []).toString());
    const [answerHeaders] = request.get(3) ?? [];
    if (answerHeaders !== undefined) this.answers.push(readHeaders(answerHeaders));
    const kind = request.has(3) ? 3 : 5;
    return message([answerOf[kind], new Uint8Array()]);
  }

  /** Says which backend it was, replaces the body, and tells its length. */
  #attempt(headers: SeenAttempt["headers"], attributes: SeenAttempt["attributes"]): Buffer {
    this.attempts.push({ headers, attributes });
    const body = JSON.stringify({ attempt: this.attempts.length });
    const path = `/attempt/${this.attempts.length}`;
    const mutation = setHeaders({ ":path": path, authorization: "Bearer of-the-upstream" });
    const length = Buffer.alloc(9);
    length[0] = 0x11; // Field 2 of a Value: a double.
    length.writeDoubleLE(Buffer.byteLength(body), 1);
    const inner = message([1, message([1, "content_length"], [2, length])]);
    const metadata = message([1, message([1, exchangeNamespace], [2, message([5, inner])])]);
    const common = message([1, 1], [2, mutation], [3, message([1, body])]);
    return message([1, message([1, common])], [8, metadata]);
  }
}

function route(body: string): Buffer {
  if (body.includes('"refuse"')) return message([7, message([1, message([1, 400])], [3, "refused"])]);
  const { model = "" } = JSON.parse(body) as { readonly model?: string };
  const mutation = setHeaders({
    [modelHeader]: model,
    "x-ai-eg-original-path": "/v1/chat/completions",
  });
  return message([3, message([1, message([2, mutation], [5, 1])])]);
}
