/** The hand-written codec against a protobuf library that reads `proto/`, on messages made at random. */
import { describe, expect, test } from "bun:test";
import {
  readHealthCheckResponse,
  servingStatus,
  writeHealthCheckResponse,
  writeHealthListResponse,
} from "../../src/engines/extproc/codec/health.ts";
import { type MessageKind, ProcessingRequest } from "../../src/engines/extproc/codec/processing-request.ts";
import {
  type CommonAnswer,
  type ProcessingResponse,
  type TrailersAnswer,
  writeProcessingResponse,
} from "../../src/engines/extproc/codec/processing-response.ts";
import { DecodeFailure, ProtoReader } from "../../src/engines/extproc/codec/proto-reader.ts";
import { ProtoWriter } from "../../src/engines/extproc/codec/proto-writer.ts";
import {
  fromStruct,
  healthCheckResponse,
  healthListResponse,
  type Json,
  processingRequest,
  processingResponse,
  toStruct,
} from "./messages.ts";

/** Repeatable chance: the same cases in every run. */
class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }
  is(): boolean {
    return this.below(2) === 0;
  }
  text(maxLength: number): string {
    const alphabets = ["abcdefghijklmnopqrstuvwxyz-", "äöü€𝄞日本語", " ,;:='\"\\{}0123456789"];
    const alphabet = [...(alphabets[this.below(5)] ?? alphabets[0] ?? "")];
    return Array.from({ length: this.below(maxLength) }, () => alphabet[this.below(alphabet.length)]).join(
      "",
    );
  }
  name(): string {
    return `x-${Array.from({ length: this.below(20) }, () => "abcdefghij-0123"[this.below(15)]).join("")}`;
  }
  bytes(maxLength: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(maxLength) }, () => this.below(256)));
  }
  list<T>(maxLength: number, make: () => T): T[] {
    return Array.from({ length: this.below(maxLength) }, make);
  }
  json(depth = 0): Json {
    switch (this.below(depth > 2 ? 4 : 6)) {
      case 0:
        return null;
      case 1:
        return this.is();
      case 2:
        return this.below(1e9) / 8 - 1e7;
      case 4:
        return this.list(4, () => this.json(depth + 1));
      case 5:
        return this.struct(depth + 1);
      default:
        return this.text(20);
    }
  }
  struct(depth = 0): { [name: string]: Json } {
    return Object.fromEntries(this.list(5, () => [`${this.text(10)}k`, this.json(depth)]));
  }
}

const rounds = 2000;

interface RandomRequest {
  readonly kind: MessageKind;
  readonly lines: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly isEnd: boolean;
  readonly attributes: { [name: string]: Json };
  readonly metadata: { [name: string]: Json };
}

const requestKinds: readonly MessageKind[] = [
  "request-headers",
  "response-headers",
  "request-body",
  "response-body",
  "request-trailers",
  "response-trailers",
];

function randomRequest(chance: Chance): RandomRequest {
  return {
    kind: requestKinds[chance.below(requestKinds.length)] ?? "request-headers",
    lines: chance.list(20, () => [chance.name(), chance.text(60)] as const),
    body: chance.bytes(chance.is() ? 40 : 4000),
    isEnd: chance.is(),
    attributes: chance.struct(),
    metadata: chance.struct(),
  };
}

function encodeRequest(request: RandomRequest, chance: Chance): Buffer {
  const headers = request.lines.map(([key, value]) =>
    chance.is() ? { key, value } : { key, rawValue: Buffer.from(value) },
  );
  const content = request.kind.endsWith("headers")
    ? { headers: { headers }, endOfStream: request.isEnd }
    : request.kind.endsWith("body")
      ? { body: request.body, endOfStream: request.isEnd }
      : { trailers: { headers } };
  const name = request.kind.replace(/-(.)/, (_, letter: string) => letter.toUpperCase());
  return processingRequest.encode({
    [name]: content,
    attributes: { "envoy.filters.http.ext_proc": toStruct(request.attributes) },
    metadataContext: { filterMetadata: { one: toStruct(request.metadata), other: toStruct({ a: 1 }) } },
    protocolConfig: { requestBodyMode: 2, responseBodyMode: 1 },
  });
}

describe("a request of Envoy's is read as it was written", () => {
  test(`${rounds} times at random`, () => {
    const chance = new Chance(7);
    for (let round = 0; round < rounds; round += 1) {
      const wanted = randomRequest(chance);
      const read = ProcessingRequest.read(encodeRequest(wanted, chance));
      expect(read.kind).toBe(wanted.kind);
      if (wanted.kind.endsWith("headers")) {
        const lines: [string, string][] = [];
        read.headers.forEach((value, name) => {
          lines.push([name, value]);
        });
        expect(lines).toEqual(wanted.lines.map(([...line]) => line));
      }
      if (wanted.kind.endsWith("body")) expect(Buffer.compare(read.body, wanted.body)).toBe(0);
      if (!wanted.kind.endsWith("trailers")) expect(read.isEnd).toBe(wanted.isEnd);
      const isEmpty = Object.keys(wanted.attributes).length === 0;
      expect(read.hasAttributes).toBe(true);
      expect(read.attributes()).toEqual(isEmpty ? undefined : wanted.attributes);
      expect(read.attributes()).toEqual(isEmpty ? undefined : wanted.attributes);
      expect(read.metadata("one")).toEqual(wanted.metadata);
      expect(read.metadata("none")).toBeUndefined();
      expect(read.responseBodyMode).toBe(1);
    }
  });

  test("with fields that a newer Envoy may add", () => {
    const known = processingRequest.encode({ responseBody: { body: Buffer.from("x"), endOfStream: true } });
    const writer = new ProtoWriter();
    writer.begin(100);
    writer.bytes(200, Buffer.from("later"));
    writer.double(201, 1);
    writer.varint(202, 2 ** 40);
    const read = ProcessingRequest.read(
      Buffer.concat([writer.finish(), known, Buffer.from([0x9d, 6, 1, 2, 3, 4])]),
    );
    expect([read.kind, read.body.toString(), read.isEnd]).toEqual(["response-body", "x", true]);
  });

  test("a value in both fields is the text, one that is no UTF-8 is left out", () => {
    const headers = [
      { key: "both", value: "text", rawValue: Buffer.from("raw") },
      { key: "none" },
      { key: "latin", rawValue: Buffer.from([0x63, 0xe9]) },
    ];
    const read = ProcessingRequest.read(
      processingRequest.encode({ requestHeaders: { headers: { headers } } }),
    );
    expect([read.headers.get("both"), read.headers.get("none"), read.headers.get("latin")]).toEqual([
      "text",
      "",
      null,
    ]);
  });

  test("lines of one name are one, as in web headers", () => {
    const headers = [
      { key: "anthropic-beta", value: "a" },
      { key: "x", value: "1" },
      { key: "anthropic-beta", value: "b" },
    ];
    const read = ProcessingRequest.read(
      processingRequest.encode({ requestHeaders: { headers: { headers } } }),
    );
    expect(read.headers.get("anthropic-beta")).toBe("a, b");
  });
});

test("bytes that are no message are refused, and read in bounded time", () => {
  const chance = new Chance(11);
  let refused = 0;
  for (let round = 0; round < rounds * 5; round += 1) {
    const bytes = Buffer.from(chance.is() ? chance.bytes(300) : encodeRequest(randomRequest(chance), chance));
    for (let edits = chance.below(4); edits > 0 && bytes.length > 0; edits -= 1) {
      bytes[chance.below(bytes.length)] = chance.below(256);
    }
    try {
      const read = ProcessingRequest.read(bytes.subarray(0, chance.below(bytes.length + 1)));
      read.attributes();
      read.metadata("one");
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeFailure);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(1000);
});

test("a structure that is nested too deeply is refused", () => {
  let json: Json = 1;
  for (let depth = 0; depth < 40; depth += 1) json = [json];
  const message = processingRequest.encode({
    requestHeaders: {},
    attributes: { "envoy.filters.http.ext_proc": toStruct({ json }) },
  });
  expect(() => ProcessingRequest.read(message).attributes()).toThrow(DecodeFailure);
});

function randomResponse(chance: Chance): ProcessingResponse {
  const sets = () => chance.list(8, () => [chance.name(), chance.text(200)] as const);
  const metadata = chance.is()
    ? {
        namespace: "io.envoy.ai_gateway",
        fields: Object.entries(
          Object.fromEntries(
            chance.list(
              6,
              () => [`${chance.text(8)}k`, chance.is() ? chance.below(1e9) / 4 : chance.text(20)] as const,
            ),
          ),
        ),
      }
    : undefined;
  const kinds = ["request-headers", "response-headers", "request-body", "response-body"] as const;
  switch (chance.below(6)) {
    case 0:
      return {
        kind: "immediate",
        status: 200 + chance.below(400),
        headers: sets(),
        body: chance.text(chance.is() ? 30 : 90_000),
        grpcStatus: 1 + chance.below(15),
        details: chance.text(20),
      };
    case 1:
      return { kind: "response-trailers", metadata };
    default: {
      const kind = kinds[chance.below(kinds.length)] ?? "request-body";
      const answer: CommonAnswer = {
        kind,
        isReplacing: chance.is(),
        clearsRouteCache: chance.is(),
        metadata,
        body: chance.is() ? chance.bytes(chance.is() ? 40 : 100_000) : undefined,
        ...(chance.is() ? { set: sets() } : {}),
        ...(chance.is() ? { remove: chance.list(6, () => chance.name()) } : {}),
        ...(chance.is() && kind === "response-headers"
          ? { mode: { body: 1, hasTrailers: chance.is() } }
          : {}),
      };
      return answer;
    }
  }
}

function writeMutation(set: CommonAnswer["set"], remove: readonly string[] | undefined) {
  const setHeaders = (set ?? []).map(([key, value]) => ({
    header: { key, ...(value === "" ? { rawValue: Buffer.alloc(0) } : { rawValue: Buffer.from(value) }) },
    appendAction: 2,
    ...(value === "" ? { keepEmptyValue: true } : {}),
  }));
  return {
    ...(setHeaders.length > 0 ? { setHeaders } : {}),
    ...(remove !== undefined && remove.length > 0 ? { removeHeaders: remove } : {}),
  };
}

function isTrailers(response: CommonAnswer | TrailersAnswer): response is TrailersAnswer {
  return response.kind.endsWith("trailers");
}

/** The same answer, as the library would say that it read it. */
function asMessage(response: ProcessingResponse): object {
  if (response.kind === "immediate") {
    const { status, headers, body, grpcStatus, details } = response;
    return {
      immediateResponse: {
        status: { code: status },
        headers: writeMutation(headers, undefined),
        body: Buffer.from(body),
        grpcStatus: { status: grpcStatus },
        details,
      },
    };
  }
  const name = response.kind.replace(/-(.)/, (_, letter: string) => letter.toUpperCase());
  const { metadata } = response;
  const common = {
    ...(metadata === undefined
      ? {}
      : { dynamicMetadata: { [metadata.namespace]: Object.fromEntries(metadata.fields) } }),
  };
  if (isTrailers(response)) return { [name]: {}, ...common };
  const { isReplacing, set, remove, body, clearsRouteCache, mode } = response;
  const inner = {
    ...(isReplacing ? { status: 1 } : {}),
    ...(set !== undefined || remove !== undefined ? { headerMutation: writeMutation(set, remove) } : {}),
    ...(body === undefined ? {} : { bodyMutation: { body: Buffer.from(body) } }),
    ...(clearsRouteCache ? { clearRouteCache: true } : {}),
  };
  return {
    [name]: Object.keys(inner).length > 0 ? { response: inner } : {},
    ...common,
    ...(mode === undefined
      ? {}
      : {
          modeOverride: {
            responseBodyMode: mode.body,
            ...(mode.hasTrailers ? { responseTrailerMode: 1 } : {}),
          },
        }),
  };
}

describe("an answer to Envoy is written so that a library reads the same", () => {
  test(`${rounds} times at random`, () => {
    const chance = new Chance(23);
    for (let round = 0; round < rounds; round += 1) {
      const response = randomResponse(chance);
      const read = processingResponse.decode(writeProcessingResponse(response));
      const found = read["dynamicMetadata"];
      if (found !== undefined) read["dynamicMetadata"] = fromStruct(found as object);
      expect(plain(read)).toEqual(plain(asMessage(response)));
    }
  });

  test("messages written one after the other do not share memory", () => {
    const first = writeProcessingResponse({ kind: "response-body", body: Buffer.from("first") });
    const copy = Buffer.from(first);
    for (let count = 0; count < 10_000; count += 1) {
      writeProcessingResponse({ kind: "response-body", body: Buffer.from("another") });
    }
    expect(first).toEqual(copy);
  });

  test("an empty body is there, and no body is not", () => {
    const swallow = processingResponse.decode(
      writeProcessingResponse({ kind: "response-body", body: new Uint8Array() }),
    );
    expect(swallow).toEqual({ responseBody: { response: { bodyMutation: { body: Buffer.alloc(0) } } } });
    expect(processingResponse.decode(writeProcessingResponse({ kind: "response-body" }))).toEqual({
      responseBody: {},
    });
  });
});

/** Bytes as text, so that differences can be read, and members in any order. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

test("health messages", () => {
  const written = writeHealthCheckResponse(servingStatus.serving);
  expect(healthCheckResponse.decode(written)).toEqual({ status: 1 });
  expect(readHealthCheckResponse(healthCheckResponse.encode({ status: 2 }))).toBe(2);
  expect(readHealthCheckResponse(new Uint8Array())).toBe(0);
  expect(healthListResponse.decode(writeHealthListResponse("extproc", servingStatus.serving))).toEqual({
    statuses: { extproc: { status: 1 } },
  });
});

test.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1])("the number %d", (value) => {
  const writer = new ProtoWriter();
  writer.begin(20);
  writer.varint(1, value);
  const reader = new ProtoReader(writer.finish());
  expect([reader.tag(), reader.varint(), reader.isDone]).toEqual([8, value, true]);
});
