import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import type { WireEvent } from "../dialect.ts";
import { awsFrame, awsTextHeader, bytesOf, cutEverywhere } from "../testing.ts";
import { AwsEventStreamReader, brokenFrame, cutFrame } from "./aws-event-stream.ts";

const messageStop = Buffer.from(
  "0000007a00000051ca2c46650d3a6d6573736167652d747970650700056576656e740b3a6576656e742d747970650700" +
    "0b6d65737361676553746f700d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b2273" +
    "746f70526561736f6e223a22656e645f7475726e227d3dc33bfa",
  "hex",
);
const throttling = Buffer.from(
  "0000008800000061de0175f40d3a6d6573736167652d74797065070009657863657074696f6e0f3a657863657074696f" +
    "6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d74797065070010617070" +
    "6c69636174696f6e2f6a736f6e7b226d657373616765223a22736c6f7720646f776e227d4e43b958",
  "hex",
);
const chunk = Buffer.from(
  "000000850000004bfd2a78930b3a6576656e742d747970650700056368756e6b0d3a636f6e74656e742d747970650700" +
    "106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b226279746573223a" +
    "2265794a306558426c496a6f6963476c755a794a39222c2270223a22616263227d730336a1",
  "hex",
);

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = new Uint8Array(bytes);
  flipped[at]! ^= 1;
  return flipped;
}

function header(name: string, type: number, ...value: number[]): number[] {
  return [name.length, ...bytesOf(name), type, ...value];
}

function event(name: string, payload: string): Uint8Array {
  return awsFrame(awsTextHeader(":event-type", name), payload);
}

function withPrelude(frameBytes: number, headersBytes: number): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(frameBytes, 0);
  bytes.writeUInt32BE(headersBytes, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
}

/** All events; every piece is overwritten after it was pushed, as its owner may do. */
function read(pieces: Iterable<Uint8Array>): WireEvent[] {
  const reader = new AwsEventStreamReader();
  const events: WireEvent[] = [];
  for (const piece of pieces) {
    const reused = Buffer.from(piece);
    reader.push(reused, (item) => events.push(item));
    reused.fill(0xee);
  }
  reader.end((item) => events.push(item));
  return events;
}

const named = (name: string | undefined, data: string): WireEvent => ({
  event: name,
  data,
  isException: false,
});
const failed = (name: string | undefined, data: string): WireEvent => ({
  event: name,
  data,
  isException: true,
});
const broken = (why: string): WireEvent =>
  failed(brokenFrame, JSON.stringify({ message: `The upstream sent a broken event stream: ${why}` }));
const cut = failed(cutFrame, '{"message":"The upstream\'s event stream ended within a frame"}');
const stop = named("messageStop", '{"stopReason":"end_turn"}');

const everyType = [
  ...header("yes", 0),
  ...header("no", 1),
  ...header("int8", 2, 1),
  ...header("int16", 3, 1, 2),
  ...header("int32", 4, 1, 2, 3, 4),
  ...header("int64", 5, 1, 2, 3, 4, 5, 6, 7, 8),
  ...header("bytes", 6, 0, 3, 7, 7, 7),
  ...header("time", 8, 1, 2, 3, 4, 5, 6, 7, 8),
  ...header("uuid", 9, ...new Array<number>(16).fill(7)),
  ...awsTextHeader(":event-type", "all"),
];

const cases: { name: string; body: Uint8Array; want: WireEvent[] }[] = [
  {
    name: "events, exceptions and chunks",
    body: Buffer.concat([chunk, messageStop, throttling]),
    want: [
      named("chunk", '{"bytes":"eyJ0eXBlIjoicGluZyJ9","p":"abc"}'),
      stop,
      failed("throttlingException", '{"message":"slow down"}'),
    ],
  },
  {
    name: "an error without a model as an exception",
    body: awsFrame(
      [
        ...awsTextHeader(":error-message", 'It "broke"'),
        ...awsTextHeader(":error-code", "500"),
        ...awsTextHeader(":message-type", "error"),
      ],
      "",
    ),
    want: [failed("500", '{"message":"It \\"broke\\""}')],
  },
  { name: "headers of every type", body: awsFrame(everyType, "{}"), want: [named("all", "{}")] },
  { name: "a frame without headers and payload", body: awsFrame([], ""), want: [named(undefined, "")] },
  {
    name: "letters of several bytes",
    body: event("contentBlockDelta", '{"delta":{"text":"Köln 🐟"}}'),
    want: [named("contentBlockDelta", '{"delta":{"text":"Köln 🐟"}}')],
  },
  {
    name: "a wrong prelude checksum as an exception, and nothing after it",
    body: Buffer.concat([messageStop, flip(messageStop, 8), messageStop]),
    want: [stop, broken("a prelude checksum is wrong")],
  },
  {
    name: "a wrong length as an exception",
    body: Buffer.concat([flip(messageStop, 3), messageStop]),
    want: [broken("a prelude checksum is wrong")],
  },
  {
    name: "a changed payload as an exception",
    body: Buffer.concat([flip(messageStop, 100), messageStop]),
    want: [broken("a checksum is wrong")],
  },
  {
    name: "a changed checksum as an exception",
    body: flip(messageStop, messageStop.length - 1),
    want: [broken("a checksum is wrong")],
  },
  {
    name: "a frame that claims to be huge as an exception, before it is there",
    body: withPrelude(0x7fffffff, 0),
    want: [broken("a frame has 2147483647 bytes, allowed are 25165824")],
  },
  {
    name: "headers that are longer than their frame as an exception",
    body: withPrelude(40, 25),
    want: [broken("a frame of 40 bytes has 25 bytes of headers")],
  },
  {
    name: "a header that ends beyond its frame as an exception",
    body: awsFrame(header("x", 7, 1, 0), "{}"),
    want: [broken("a header ends beyond its frame")],
  },
  {
    name: "a header of an unknown type as an exception",
    body: awsFrame(header("x", 10), "{}"),
    want: [broken("a header has an unknown type")],
  },
  {
    name: "a body that stops within a frame as an exception",
    body: Buffer.concat([messageStop, messageStop.subarray(0, 60)]),
    want: [stop, cut],
  },
  {
    name: "a body that stops within a prelude as an exception",
    body: messageStop.subarray(0, 5),
    want: [cut],
  },
  { name: "an empty body as nothing", body: new Uint8Array(0), want: [] },
];

describe("AwsEventStreamReader", () => {
  test.each(cases)("reads $name, cut anywhere", ({ body, want }) => {
    for (const pieces of cutEverywhere(body)) expect(read(pieces)).toEqual(want);
  });

  test("is linear in a long frame that comes in small pieces", () => {
    const long = event("image", `"${"x".repeat(4_000_000)}"`);
    const pieces = [];
    for (let at = 0; at < long.length; at += 1000) pieces.push(long.subarray(at, at + 1000));
    expect(read(pieces)[0]?.data.length).toBe(4_000_002);
  });
});
