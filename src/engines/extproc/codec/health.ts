import { Buffer } from "node:buffer";
import { ProtoReader } from "./proto-reader.ts";
import { ProtoWriter } from "./proto-writer.ts";

/** `grpc.health.v1.HealthCheckResponse.ServingStatus` */
export const servingStatus = { unknown: 0, serving: 1, notServing: 2 } as const;
export type ServingStatus = (typeof servingStatus)[keyof typeof servingStatus];

export const servingStatusNames: { readonly [status: number]: string } = {
  0: "UNKNOWN",
  1: "SERVING",
  2: "NOT_SERVING",
  3: "SERVICE_UNKNOWN",
};

const writer = new ProtoWriter();

export function writeHealthCheckResponse(status: ServingStatus): Buffer {
  writer.begin(16);
  writer.varint(1, status);
  return writer.finish();
}

export function readHealthCheckResponse(bytes: Uint8Array): number {
  const reader = new ProtoReader(Buffer.from(bytes));
  let status = 0;
  while (!reader.isDone) {
    const tag = reader.tag();
    if (tag === 0x08) status = reader.varint();
    else reader.skip(tag);
  }
  return status;
}

/** `HealthListResponse` with one service. */
export function writeHealthListResponse(service: string, status: ServingStatus): Buffer {
  writer.begin(64 + service.length * 3);
  const entryEnd = writer.open();
  const valueEnd = writer.open();
  writer.varint(1, status);
  writer.close(2, valueEnd);
  writer.text(1, service);
  writer.close(1, entryEnd);
  return writer.finish();
}
