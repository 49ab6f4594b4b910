/** The messages of `proto/` as a protobuf library reads and writes them: Envoy's end of the wire, and judge of ours. */
import { join } from "node:path";
import protobuf from "protobufjs";

const root = new protobuf.Root();
// Imports name files of the same folder; the library's own copies of Google's files are not asked.
root.resolvePath = (_origin, target) => join(import.meta.dir, "../../proto", target.replace(/^.*\//, ""));
root.loadSync(["ext_proc.proto", "health.proto"]);

const packageName = "envoy.service.ext_proc.v3";

interface Codec {
  encode(message: object): Buffer;
  decode(bytes: Uint8Array): Record<string, unknown>;
}

function codecOf(name: string): Codec {
  const type = root.lookupType(name);
  return {
    encode(message) {
      const problem = type.verify(message);
      if (problem !== null) throw new Error(`${name}: ${problem}`);
      return Buffer.from(type.encode(type.create(message)).finish());
    },
    decode: (bytes) => type.toObject(type.decode(bytes), { longs: Number, enums: Number }),
  };
}

export const processingRequest = codecOf(`${packageName}.ProcessingRequest`);
export const processingResponse = codecOf(`${packageName}.ProcessingResponse`);

export const healthCheckResponse = codecOf("grpc.health.v1.HealthCheckResponse");
export const healthListResponse = codecOf("grpc.health.v1.HealthListResponse");

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A value as the messages have it. */
function toValue(json: Json): object {
  if (json === null) return { nullValue: 0 };
  if (typeof json === "boolean") return { boolValue: json };
  if (typeof json === "number") return { numberValue: json };
  if (typeof json === "string") return { stringValue: json };
  if (Array.isArray(json)) return { listValue: { values: json.map(toValue) } };
  return { structValue: toStruct(json as { readonly [name: string]: Json }) };
}

export function toStruct(json: { readonly [name: string]: Json }): object {
  return { fields: Object.fromEntries(Object.entries(json).map(([name, value]) => [name, toValue(value)])) };
}

interface ValueMessage {
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: StructMessage;
  readonly listValue?: { readonly values?: readonly ValueMessage[] };
}

interface StructMessage {
  readonly fields?: { readonly [name: string]: ValueMessage };
}

export function fromStruct(message: StructMessage): { [name: string]: Json } {
  return Object.fromEntries(
    Object.entries(message.fields ?? {}).map(([name, value]) => [name, fromValue(value)]),
  );
}

function fromValue(value: ValueMessage): Json {
  if (value.structValue !== undefined) return fromStruct(value.structValue);
  if (value.listValue !== undefined) return (value.listValue.values ?? []).map(fromValue);
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null;
}
