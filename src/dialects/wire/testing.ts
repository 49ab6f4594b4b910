/** Frames of AWS event streams, for tests. */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";

/** Name, type and raw value. */
export type AwsHeader = readonly [string, number, Uint8Array];

export function textHeader(name: string, value: string): AwsHeader {
  const bytes = Buffer.from(value);
  return [name, 7, Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])];
}

export function awsFrame(headers: readonly AwsHeader[], payload: string | Uint8Array): Uint8Array {
  const head = Buffer.concat(
    headers.map(([name, type, value]) =>
      Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([type]), value]),
    ),
  );
  const body = Buffer.from(payload);
  const bytes = Buffer.alloc(16 + head.length + body.length);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(head.length, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  bytes.set(head, 12);
  bytes.set(body, 12 + head.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, bytes.length - 4)), bytes.length - 4);
  return new Uint8Array(bytes);
}

export function awsEvent(name: string, payload: string): Uint8Array {
  return awsFrame([textHeader(":event-type", name), textHeader(":message-type", "event")], payload);
}

export function awsException(name: string, payload: string): Uint8Array {
  return awsFrame([textHeader(":exception-type", name), textHeader(":message-type", "exception")], payload);
}
