import { deflateRawSync, inflateRawSync } from "node:zlib";
import { isObject, type JsonObject } from "../../dialects/wire/json.ts";
import { decodeText, encodeText } from "../../dialects/wire/text.ts";

/** What a session is, apart from what only this process knows of it: all of it travels in the client's session id. */
export interface SessionFacts {
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** Revision that was negotiated with the client. */
  readonly protocolVersion: string;
  /** Whom it belongs to, as a digest; `undefined`: whoever has it. */
  readonly principal: string | undefined;
  /** As the client declared them. */
  readonly capabilities: JsonObject;
  readonly clientInfo: { readonly name: string; readonly version: string };
  readonly backends: readonly BackendSession[];
}

/** A session that one backend has with the gateway, for one client. */
export interface BackendSession {
  readonly name: string;
  /** Absent for servers that keep no sessions. */
  readonly sessionId: string | undefined;
  readonly protocolVersion: string;
  /** Bits of `capability`. */
  readonly capabilities: number;
}

/** Above this the text is worth packing. */
const packFromBytes = 1024;
const maxUnpackedBytes = 256 * 1024;
const plain = 0;
const packed = 1;

/** A byte that says whether the rest is packed, then JSON: an array, since names would be half of it. */
export function writeFacts(facts: SessionFacts): Uint8Array {
  const { issuedAtMs, expiresAtMs, protocolVersion, principal, capabilities, clientInfo, backends } = facts;
  const text = encodeText(
    JSON.stringify([
      issuedAtMs,
      expiresAtMs,
      protocolVersion,
      principal ?? null,
      capabilities,
      clientInfo.name,
      clientInfo.version,
      backends.map((backend) => [
        backend.name,
        backend.sessionId ?? null,
        backend.protocolVersion,
        backend.capabilities,
      ]),
    ]),
  );
  const isLong = text.length > packFromBytes;
  const body = isLong ? deflateRawSync(text) : text;
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = isLong ? packed : plain;
  bytes.set(body, 1);
  return bytes;
}

/** `undefined` for a payload of another version of this program. It was sealed, so nobody else wrote it. */
export function readFacts(bytes: Uint8Array): SessionFacts | undefined {
  const rest = bytes.subarray(1);
  const text = bytes[0] === packed ? inflateRawSync(rest, { maxOutputLength: maxUnpackedBytes }) : rest;
  const parts: unknown = JSON.parse(decodeText(text));
  if (!Array.isArray(parts) || parts.length !== 8) return undefined;
  const [
    issuedAtMs,
    expiresAtMs,
    protocolVersion,
    principal,
    capabilities,
    name,
    version,
    backends,
  ]: unknown[] = parts;
  if (!isObject(capabilities) || !Array.isArray(backends)) return undefined;
  return {
    issuedAtMs: Number(issuedAtMs),
    expiresAtMs: Number(expiresAtMs),
    protocolVersion: String(protocolVersion),
    principal: principal === null ? undefined : String(principal),
    capabilities,
    clientInfo: { name: String(name), version: String(version) },
    backends: backends.map(readBackend),
  };
}

function readBackend([name, sessionId, protocolVersion, capabilities]: unknown[]): BackendSession {
  return {
    name: String(name),
    sessionId: sessionId === null ? undefined : String(sessionId),
    protocolVersion: String(protocolVersion),
    capabilities: Number(capabilities),
  };
}
