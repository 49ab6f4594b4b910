import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import type { WireEvent } from "../dialect.ts";
import { awsFrame, awsTextHeader, cutEverywhere, runStage } from "../testing.ts";
import { readAwsException } from "./aws-errors.ts";
import { AwsEventStreamReader } from "./aws-event-stream.ts";

/** Frames made by hand, with right checksums. */
const messageStop = fromHex(
  "0000007a00000051ca2c46650d3a6d6573736167652d747970650700056576656e740b3a6576656e742d747970650700" +
    "0b6d65737361676553746f700d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b2273" +
    "746f70526561736f6e223a22656e645f7475726e227d3dc33bfa",
);
const throttled = fromHex(
  "0000008800000061de0175f40d3a6d6573736167652d74797065070009657863657074696f6e0f3a657863657074696f" +
    "6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d74797065070010617070" +
    "6c69636174696f6e2f6a736f6e7b226d657373616765223a22736c6f7720646f776e227d4e43b958",
);
const stop: WireEvent = { event: "messageStop", data: '{"stopReason":"end_turn"}', isException: false };
const slow: WireEvent = { event: "throttlingException", data: '{"message":"slow down"}', isException: true };
const brokenFrame = expect.objectContaining({ event: "brokenFrame", isException: true });

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function joined(...frames: Uint8Array[]): Uint8Array {
  return Uint8Array.from(frames.flatMap((frame) => [...frame]));
}

function flipped(frame: Uint8Array, at: number): Uint8Array {
  return frame.map((byte, index) => (index === at ? byte ^ 1 : byte));
}

function header(name: string, type: number, ...value: number[]): number[] {
  return [name.length, ...new TextEncoder().encode(name), type, ...value];
}

const everyType = [
  ...header("a", 0),
  ...header("b", 1),
  ...header("c", 2, 1),
  ...header("d", 3, 1, 2),
  ...header("e", 4, 1, 2, 3, 4),
  ...header("f", 5, 1, 2, 3, 4, 5, 6, 7, 8),
  ...header("g", 6, 0, 2, 9, 9),
  ...header("h", 8, 1, 2, 3, 4, 5, 6, 7, 8),
  ...header("i", 9, ...new Array(16).fill(7)),
  ...awsTextHeader(":event-type", "metadata"),
];

const cases: { name: string; body: Uint8Array; want: unknown[] }[] = [
  { name: "an event", body: messageStop, want: [stop] },
  { name: "two frames", body: joined(messageStop, throttled), want: [stop, slow] },
  {
    name: "a frame without headers and payload",
    body: awsFrame([], ""),
    want: [{ event: undefined, data: "", isException: false }],
  },
  {
    name: "headers of every type",
    body: awsFrame(everyType, "{}"),
    want: [{ event: "metadata", data: "{}", isException: false }],
  },
  {
    name: "an error frame by its code",
    body: awsFrame(
      [
        ...awsTextHeader(":message-type", "error"),
        ...awsTextHeader(":error-code", "Oops"),
        ...awsTextHeader(":error-message", 'a "b"'),
      ],
      "",
    ),
    want: [{ event: "Oops", data: '{"message":"a \\"b\\""}', isException: true }],
  },
  {
    name: "a wrong checksum of the head",
    body: joined(messageStop, flipped(throttled, 9), messageStop),
    want: [stop, brokenFrame],
  },
  { name: "a wrong checksum of the frame", body: flipped(messageStop, 100), want: [brokenFrame] },
  { name: "a wrong length", body: flipped(messageStop, 3), want: [brokenFrame] },
  {
    name: "a body that ends inside a frame",
    body: joined(messageStop, throttled.slice(0, 40)),
    want: [stop, brokenFrame],
  },
  { name: "an empty body", body: new Uint8Array(), want: [] },
];

describe("AwsEventStreamReader", () => {
  test.each(cases)("reads $name, cut anywhere", ({ body, want }) => {
    for (const pieces of cutEverywhere(body)) {
      expect(runStage(new AwsEventStreamReader(), pieces)).toEqual(want as WireEvent[]);
    }
  });

  test("refuses a frame that nobody could hold, before it comes", () => {
    const frame = new Uint8Array(16);
    const view = new DataView(frame.buffer);
    view.setUint32(0, 0xfffffff0);
    view.setUint32(8, crc32(frame.subarray(0, 8)));
    expect(runStage(new AwsEventStreamReader(), [frame])).toEqual([brokenFrame]);
  });

  test("exceptions become errors with kind and status", () => {
    const error = readAwsException(slow);
    expect(error).toEqual({
      kind: "rate-limit",
      status: 429,
      type: "throttlingException",
      message: "slow down",
    });
    expect(readAwsException({ event: "new", data: "?", isException: true }).kind).toBe("upstream");
  });
});
