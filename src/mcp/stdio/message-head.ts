import {
  findMember,
  findMembers,
  memberName,
  parseAt,
  skipValue,
  textStart,
} from "../../dialects/wire/json-scan.ts";
import { decodeText } from "../../dialects/wire/text.ts";

/** What a message is, without building it: an answer may have megabytes. */
export interface MessageHead {
  readonly kind: "request" | "notification" | "response";
  /** Empty for answers. */
  readonly method: string;
  /** As written; empty for notifications. */
  readonly idText: string;
  /** Position of the params; -1 if there are none. */
  readonly params: number;
}

export const idName = memberName("id");
const topNames = [idName, memberName("method"), memberName("params")];
const metaName = memberName("_meta");
const tokenName = memberName("progressToken");
const requestIdName = memberName("requestId");

/** `undefined` for what is no message of JSON-RPC. */
export function readHead(bytes: Uint8Array): MessageHead | undefined {
  const start = textStart(bytes);
  try {
    const [id = -1, method = -1, params = -1] = findMembers(bytes, start, topNames);
    const idText = id < 0 ? "" : textAt(bytes, id);
    const name = parseAt(bytes, method);
    if (typeof name === "string") {
      return { kind: id < 0 ? "notification" : "request", method: name, idText, params };
    }
    return id < 0 || idText === "null" ? undefined : { kind: "response", method: "", idText, params };
  } catch {
    return undefined;
  }
}

function textAt(bytes: Uint8Array, at: number): string {
  return decodeText(bytes.subarray(at, skipValue(bytes, at)));
}

function memberText(bytes: Uint8Array, at: number, name: typeof idName): string | undefined {
  const found = at < 0 ? -1 : findMember(bytes, at, name);
  return found < 0 ? undefined : textAt(bytes, found);
}

/** The token under which a request wants to hear of progress, as written. */
export function requestedToken(bytes: Uint8Array, { params }: MessageHead): string | undefined {
  const meta = params < 0 ? -1 : findMember(bytes, params, metaName);
  return memberText(bytes, meta, tokenName);
}

/** The token that a progress notification is about, as written. */
export function reportedToken(bytes: Uint8Array, { params }: MessageHead): string | undefined {
  return memberText(bytes, params, tokenName);
}

/** The id of the request that a notification cancels, as written. */
export function cancelledId(bytes: Uint8Array, { params }: MessageHead): string | undefined {
  return memberText(bytes, params, requestIdName);
}

/** A text member of the params. */
export function paramText(
  bytes: Uint8Array,
  { params }: MessageHead,
  name: "uri" | "level",
): string | undefined {
  const value = params < 0 ? undefined : parseAt(bytes, findMember(bytes, params, paramNames[name]));
  return typeof value === "string" ? value : undefined;
}

const paramNames = { uri: memberName("uri"), level: memberName("level") };
