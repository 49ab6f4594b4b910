import type { Buffer } from "node:buffer";
import type { MessageKind } from "./processing-request.ts";
import { ProtoWriter } from "./proto-writer.ts";
import { type FlatStruct, maxFlatStructBytes, writeFlatStruct } from "./struct.ts";

export type HeaderSets = readonly (readonly [name: string, value: string])[];

/** Dynamic metadata for one namespace, merged into what is there. */
export interface Metadata {
  readonly namespace: string;
  readonly fields: FlatStruct;
}

/** The answer to one message of Envoy's; the same for headers and bodies of both directions. */
export interface CommonAnswer {
  readonly kind: Exclude<MessageKind, "request-trailers" | "response-trailers">;
  /** `CONTINUE_AND_REPLACE`: the body goes out as given here, and Envoy sends nothing more of this direction. */
  readonly isReplacing?: boolean;
  readonly remove?: readonly string[];
  /** After the removals, each in place of what is there. */
  readonly set?: HeaderSets;
  /** Absent: as it is. Empty: nothing, which for a piece of a stream means that it is swallowed. */
  readonly body?: Uint8Array | undefined;
  /** Choose the route anew. Envoy heeds it only beside an edit of headers. */
  readonly clearsRouteCache?: boolean;
  readonly metadata?: Metadata | undefined;
  /** Headers of a response only: how its body comes. */
  readonly mode?: ResponseMode | undefined;
}

export interface ResponseMode {
  readonly body: number;
  /** Whether trailers, if there are any, come as a message. */
  readonly hasTrailers: boolean;
}

export interface TrailersAnswer {
  readonly kind: "request-trailers" | "response-trailers";
  readonly metadata?: Metadata | undefined;
}

/** Ends the request with an answer of the gateway's own. */
export interface ImmediateAnswer {
  readonly kind: "immediate";
  readonly status: number;
  readonly headers: HeaderSets;
  readonly body: string;
  /** gRPC status code of the answer, for gRPC clients and logs. */
  readonly grpcStatus: number;
  /** Shown in `%RESPONSE_CODE_DETAILS%`; no spaces. */
  readonly details: string;
}

export type ProcessingResponse = CommonAnswer | TrailersAnswer | ImmediateAnswer;

const fieldOf: { readonly [K in MessageKind]: number } = {
  "request-headers": 1,
  "response-headers": 2,
  "request-body": 3,
  "response-body": 4,
  "request-trailers": 5,
  "response-trailers": 6,
};

const immediateField = 7;
/** `OVERWRITE_IF_EXISTS_OR_ADD` */
const overwrite = 2;
/** `HeaderSendMode.SEND` */
const send = 1;

const writer = new ProtoWriter();

/** The message on the wire, in memory of its own. */
export function writeProcessingResponse(response: ProcessingResponse): Buffer {
  writer.begin(maxBytes(response));
  if (response.kind === "immediate") {
    const end = writer.open();
    writeImmediate(response);
    writer.close(immediateField, end);
    return writer.finish();
  }
  if ("mode" in response && response.mode !== undefined) writeMode(response.mode);
  if (response.metadata !== undefined) writeMetadata(response.metadata);
  const end = writer.open();
  if (!isTrailers(response)) writeCommon(response);
  writer.close(fieldOf[response.kind], end);
  return writer.finish();
}

function isTrailers(response: CommonAnswer | TrailersAnswer): response is TrailersAnswer {
  return response.kind === "request-trailers" || response.kind === "response-trailers";
}

/** All in `HeadersResponse.response` or `BodyResponse.response`, which have the same number. */
function writeCommon({ isReplacing, remove, set, body, clearsRouteCache }: CommonAnswer): void {
  const end = writer.open();
  if (clearsRouteCache === true) writer.varint(5, 1);
  if (body !== undefined) {
    const mutationEnd = writer.open();
    writer.bytes(1, body);
    writer.close(3, mutationEnd);
  }
  if (remove !== undefined || set !== undefined) writeHeaderMutation(2, remove ?? [], set ?? []);
  if (isReplacing === true) writer.varint(1, 1);
  // An empty answer means the same as none and is shorter.
  if (writer.open() !== end) writer.close(1, end);
}

function writeHeaderMutation(field: number, remove: readonly string[], set: HeaderSets): void {
  const end = writer.open();
  for (let index = remove.length - 1; index >= 0; index -= 1) writer.text(2, remove[index] ?? "");
  for (let index = set.length - 1; index >= 0; index -= 1) {
    const header = set[index];
    if (header === undefined) continue;
    const optionEnd = writer.open();
    // Set also where it is empty; Envoy would drop it otherwise.
    if (header[1] === "") writer.varint(4, 1);
    writer.varint(3, overwrite);
    const headerEnd = writer.open();
    writer.text(3, header[1]);
    writer.text(1, header[0]);
    writer.close(1, headerEnd);
    writer.close(1, optionEnd);
  }
  writer.close(field, end);
}

function writeMetadata({ namespace, fields }: Metadata): void {
  const end = writer.open();
  const entryEnd = writer.open();
  const valueEnd = writer.open();
  const structEnd = writer.open();
  writeFlatStruct(writer, fields);
  writer.close(5, structEnd);
  writer.close(2, valueEnd);
  writer.text(1, namespace);
  writer.close(1, entryEnd);
  writer.close(8, end);
}

function writeMode({ body, hasTrailers }: ResponseMode): void {
  const end = writer.open();
  if (hasTrailers) writer.varint(6, send);
  writer.varint(4, body);
  writer.close(9, end);
}

function writeImmediate({ status, headers, body, grpcStatus, details }: ImmediateAnswer): void {
  writer.text(5, details);
  const grpcEnd = writer.open();
  writer.varint(1, grpcStatus);
  writer.close(4, grpcEnd);
  writer.text(3, body);
  writeHeaderMutation(2, [], headers);
  const statusEnd = writer.open();
  writer.varint(1, status);
  writer.close(1, statusEnd);
}

function maxBytes(response: ProcessingResponse): number {
  if (response.kind === "immediate") {
    const { headers, body, details } = response;
    return 128 + maxSetBytes(headers) + (body.length + details.length) * 3;
  }
  let bytes = 128;
  if (response.metadata !== undefined) {
    bytes += response.metadata.namespace.length * 3 + maxFlatStructBytes(response.metadata.fields);
  }
  if (isTrailers(response)) return bytes;
  if (response.body !== undefined) bytes += response.body.length;
  for (const name of response.remove ?? []) bytes += 8 + name.length * 3;
  return response.set === undefined ? bytes : bytes + maxSetBytes(response.set);
}

function maxSetBytes(set: HeaderSets): number {
  let bytes = 0;
  for (const [name, value] of set) bytes += 32 + (name.length + value.length) * 3;
  return bytes;
}
