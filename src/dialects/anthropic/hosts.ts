import { Buffer } from "node:buffer";
import type { HeaderView } from "../../model/headers.ts";
import type { BackendTarget, Host, WireEvent } from "../dialect.ts";
import type { Json } from "../ir/values.ts";
import { chain, type Emit, type Stage } from "../stage.ts";
import { AwsEventStreamReader } from "../wire/aws-event-stream.ts";
import { parseObject, textOf } from "../wire/exact-json.ts";
import { belowPrefix, pathSegment } from "../wire/path.ts";
import { SseReader } from "../wire/sse.ts";
import { invokeBetas } from "./betas.ts";

/** Where Claude is spoken to in its own API: what differs around the same body. */
export interface AnthropicHost extends Host {
  readonly name: "native" | "vertex" | "invoke";
  /** Takes images and documents by URL. */
  readonly takesUrls: boolean;
  /** Has files and server tools. */
  readonly isNative: boolean;
  path(target: BackendTarget, isStream: boolean): string;
  /** Members of the body that belong to the host. */
  envelope(target: BackendTarget, isStream: boolean): { [member: string]: Json };
  headers(headers: HeaderView): {
    readonly set: readonly (readonly [string, string])[];
    readonly remove: readonly string[];
  };
}

export const nativeHost: AnthropicHost = {
  name: "native",
  takesUrls: true,
  isNative: true,
  path: belowPrefix("messages"),
  envelope: ({ model }, isStream) => (isStream ? { model, stream: true } : { model }),
  headers: (headers) => ({
    set: headers.has("anthropic-version") ? [] : [["anthropic-version", "2023-06-01"]],
    remove: [],
  }),
  frames: () => new SseReader(),
};

/** Google's rawPredict. The path goes on from the project and location that signing puts in front. */
export const vertexHost: AnthropicHost = {
  name: "vertex",
  takesUrls: true,
  isNative: false,
  path: ({ model }, isStream) =>
    `publishers/anthropic/models/${pathSegment(model)}:${isStream ? "streamRawPredict" : "rawPredict"}`,
  envelope: ({ schema }, isStream) => {
    const anthropic_version = schema.version || "vertex-2023-10-16";
    return isStream ? { stream: true, anthropic_version } : { anthropic_version };
  },
  headers: () => ({ set: [], remove: [] }),
  frames: () => new SseReader(),
};

/** Amazon Bedrock's InvokeModel. Beta flags stand in the body, and one that it does not know fails the request. */
export const invokeHost: AnthropicHost = {
  name: "invoke",
  takesUrls: false,
  isNative: false,
  path: ({ model }, isStream) =>
    `/model/${pathSegment(model)}/${isStream ? "invoke-with-response-stream" : "invoke"}`,
  envelope: ({ schema, headers }) => {
    const anthropic_version = schema.version || "bedrock-2023-05-31";
    const anthropic_beta = invokeBetas(headers.get("anthropic-beta"));
    return anthropic_beta.length > 0 ? { anthropic_version, anthropic_beta } : { anthropic_version };
  },
  headers: () => ({ set: [], remove: ["anthropic-version", "anthropic-beta"] }),
  frames: () => chain(new AwsEventStreamReader(), new ChunkReader()),
};

/** Takes Anthropic's events out of Bedrock's `chunk` frames: `{"bytes": "<base64>", "p": padding}`. */
class ChunkReader implements Stage<WireEvent, WireEvent> {
  push(frame: WireEvent, emit: Emit<WireEvent>): void {
    if (frame.isException) {
      emit(frame);
      return;
    }
    const bytes = bytesIn(frame.data);
    if (bytes === undefined) return;
    emit({ event: undefined, data: decodeBase64(bytes), isException: false });
  }

  end(): void {}
}

const scratch = Buffer.alloc(8192);

/** The text in base64. Most events are short, and a new buffer for each would cost more than to decode it. */
function decodeBase64(base64: string): string {
  if (base64.length > scratch.length) return Buffer.from(base64, "base64").toString();
  return scratch.toString("utf8", 0, scratch.write(base64, "base64"));
}

const opening = '"bytes":"';

/** Base64 needs no unescaping, so it can be cut out; anything unusual is parsed. */
function bytesIn(payload: string): string | undefined {
  const at = payload.indexOf(opening);
  const start = at + opening.length;
  const bytes = payload.slice(start, payload.indexOf('"', start));
  return at === -1 || bytes.includes("\\") ? textOf(parseObject(payload)?.["bytes"]) : bytes;
}
