import { Buffer, isUtf8 } from "node:buffer";
import { EnvoyHeaders } from "../envoy-headers.ts";
import { ProtoReader } from "./proto-reader.ts";
import { eachMapEntry, readMapEntry, readStruct, type Struct } from "./struct.ts";

/** What Envoy tells or asks, in the order in which it comes within one request. */
export type MessageKind =
  | "request-headers"
  | "request-body"
  | "request-trailers"
  | "response-headers"
  | "response-body"
  | "response-trailers";

/** How Envoy sends bodies (`ProcessingMode.BodySendMode`). */
export const bodyMode = { none: 0, streamed: 1, buffered: 2, bufferedPartial: 3, fullDuplex: 4 } as const;

const kinds: { readonly [field: number]: MessageKind } = {
  2: "request-headers",
  3: "response-headers",
  4: "request-body",
  5: "response-body",
  6: "request-trailers",
  7: "response-trailers",
};

/** One message of Envoy's on an `ExternalProcessor.Process` stream. Views into it stay valid: nobody writes there again. */
export class ProcessingRequest {
  kind: MessageKind | undefined;
  /** Of header messages; empty for the others. */
  headers: EnvoyHeaders = noHeaders;
  /** Of body messages. */
  body: Buffer = noBytes;
  /** Whether no body follows these headers, or this is the last piece of it. */
  isEnd = false;
  /** How Envoy means to send the response's body; told once a stream. */
  responseBodyMode: number | undefined;
  #attributes: ProtoReader[] | undefined;
  #metadata: ProtoReader | undefined;

  /** The attributes that the filter asks for, by their expressions. Read when they are wanted. */
  attributes(): Struct | undefined {
    if (this.#attributes === undefined) return undefined;
    let found: Struct | undefined;
    for (const entry of this.#attributes) {
      const { at } = entry;
      const { key, value } = readMapEntry(entry);
      entry.at = at;
      if (key === attributesKey && value !== undefined) found = readStruct(value);
    }
    return found === undefined || Object.keys(found).length === 0 ? undefined : found;
  }

  get hasAttributes(): boolean {
    return this.#attributes !== undefined;
  }

  /** The dynamic metadata of one namespace, if the filter passes it on. */
  metadata(namespace: string): Struct | undefined {
    const outer = this.#metadata;
    if (outer === undefined) return undefined;
    let found: Struct | undefined;
    eachMapEntry(new ProtoReader(outer.bytes, outer.at, outer.end), (key, value) => {
      if (key === namespace && value !== undefined) found = readStruct(value);
    });
    return found;
  }

  /** Throws `DecodeFailure`. */
  static read(message: Uint8Array): ProcessingRequest {
    const bytes = Buffer.isBuffer(message)
      ? message
      : Buffer.from(message.buffer, message.byteOffset, message.length);
    const request = new ProcessingRequest();
    const reader = new ProtoReader(bytes);
    while (!reader.isDone) {
      const tag = reader.tag();
      request.#field(tag, reader);
    }
    return request;
  }

  #field(tag: number, reader: ProtoReader): void {
    switch (tag) {
      case 0x12: // request_headers
      case 0x1a: // response_headers
        this.kind = kinds[tag >> 3];
        this.#readHeaders(reader.message());
        return;
      case 0x22: // request_body
      case 0x2a: // response_body
        this.kind = kinds[tag >> 3];
        this.#readBody(reader.message());
        return;
      case 0x32: // request_trailers
      case 0x3a: // response_trailers
        this.kind = kinds[tag >> 3];
        reader.skip(tag);
        return;
      case 0x42: // metadata_context
        this.#metadata = reader.message();
        return;
      case 0x4a: // attributes, an entry of the map
        this.#attributes ??= [];
        this.#attributes.push(reader.message());
        return;
      case 0x5a: // protocol_config
        this.#readProtocolConfig(reader.message());
        return;
      default:
        reader.skip(tag);
    }
  }

  #readHeaders(reader: ProtoReader): void {
    const headers = new EnvoyHeaders();
    while (!reader.isDone) {
      const tag = reader.tag();
      if (tag === 0x0a) readHeaderMap(reader.message(), headers);
      else if (tag === 0x18) this.isEnd = reader.varint() !== 0;
      else reader.skip(tag);
    }
    this.headers = headers;
  }

  #readBody(reader: ProtoReader): void {
    while (!reader.isDone) {
      const tag = reader.tag();
      if (tag === 0x0a) this.body = reader.view();
      else if (tag === 0x10) this.isEnd = reader.varint() !== 0;
      else reader.skip(tag);
    }
  }

  #readProtocolConfig(reader: ProtoReader): void {
    this.responseBodyMode = bodyMode.none;
    while (!reader.isDone) {
      const tag = reader.tag();
      if (tag === 0x10) this.responseBodyMode = reader.varint();
      else reader.skip(tag);
    }
  }
}

/** Whatever a filter is called in Envoy's configuration, its attributes come under this name. */
const attributesKey = "envoy.filters.http.ext_proc";
const noBytes = Buffer.alloc(0);
const noHeaders = new EnvoyHeaders();

/** The whole map becomes one text, of which names and values are slices: the cheapest way to many short texts. */
function readHeaderMap(reader: ProtoReader, headers: EnvoyHeaders): void {
  const { bytes, at: base } = reader;
  const text = bytes.toString("latin1", base, reader.end);
  const isAscii = !beyondAscii.test(text);
  while (!reader.isDone) {
    const tag = reader.tag();
    if (tag === 0x0a) readHeader(reader.message(), text, base, isAscii, headers);
    else reader.skip(tag);
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all that is ASCII.
const beyondAscii = /[^\x00-\x7f]/;

/** A value is in `value` or in `raw_value`. One that is no UTF-8 cannot be shown, and Envoy keeps it as it is. */
function readHeader(
  reader: ProtoReader,
  text: string,
  base: number,
  isAscii: boolean,
  headers: EnvoyHeaders,
): void {
  let name = "";
  let start = 0;
  let length = 0;
  let isRaw = true;
  while (!reader.isDone) {
    const tag = reader.tag();
    if (tag !== 0x0a && tag !== 0x12 && tag !== 0x1a) {
      reader.skip(tag);
      continue;
    }
    const size = reader.length();
    const from = reader.at;
    reader.at = from + size;
    if (tag === 0x0a) name = text.slice(from - base, from - base + size);
    else if (size > 0 && (tag === 0x12 || isRaw)) {
      isRaw = tag === 0x1a;
      start = from;
      length = size;
    }
  }
  if (isAscii) {
    headers.add(name, text.slice(start - base, start - base + length));
    return;
  }
  const view = reader.bytes.subarray(start, start + length);
  if (isUtf8(view)) headers.add(name, view.toString("utf8"));
}
