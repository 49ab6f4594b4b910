import { Buffer } from "node:buffer";

/**
 * The delay of a `google.rpc.RetryInfo` among the details of a `google.rpc.Status`; `undefined` without one.
 *
 * @see https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto, read 2026-11
 */
export function readRetryDelayMs(status: Buffer | string | undefined): number | undefined {
  if (status === undefined || typeof status === "string") return undefined;
  for (const detail of fieldsOf(status).filter(({ number }) => number === 3)) {
    const [type, value] = [1, 2].map((wanted) => bytesOf(detail.value, wanted));
    if (type?.toString().endsWith("google.rpc.RetryInfo") !== true || value === undefined) continue;
    const delay = bytesOf(value, 1);
    return delay === undefined ? undefined : numberOf(delay, 1) * 1000 + numberOf(delay, 2) / 1e6;
  }
  return undefined;
}

interface Field {
  readonly number: number;
  /** Empty for a number. */
  readonly value: Buffer;
  readonly count: number;
}

function bytesOf(message: Buffer, wanted: number): Buffer | undefined {
  return fieldsOf(message).find(({ number }) => number === wanted)?.value;
}

function numberOf(message: Buffer, wanted: number): number {
  return fieldsOf(message).find(({ number }) => number === wanted)?.count ?? 0;
}

/** Numbers and length-delimited fields; reading ends at anything else. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; at < message.length; factor *= 128) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.length) {
    const tag = varint();
    const [number, type] = [Math.floor(tag / 8), tag % 8];
    if (type !== 0 && type !== 2) break;
    const count = varint();
    if (type === 0) fields.push({ number, value: Buffer.alloc(0), count });
    else {
      fields.push({ number, value: message.subarray(at, at + count), count: 0 });
      at += count;
    }
  }
  return fields;
}
