import { asObject, type JsonObject } from "../../dialects/wire/json.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import type { RpcMessage } from "../rpc/read-message.ts";

/**
 * The era without sessions, from 2026-07-28 on: each request says for itself who asks, in which version, and what it can.
 * Which era a message belongs to shows in its `_meta`, or in its version header.
 */
export const modernVersions: readonly string[] = ["2026-07-28"];
export const latestModernVersion = "2026-07-28";

export const metaPrefix = "io.modelcontextprotocol/";
export const versionKey = `${metaPrefix}protocolVersion`;
export const capabilitiesKey = `${metaPrefix}clientCapabilities`;
export const clientInfoKey = `${metaPrefix}clientInfo`;
export const logLevelKey = `${metaPrefix}logLevel`;
export const serverInfoKey = `${metaPrefix}serverInfo`;
export const subscriptionKey = `${metaPrefix}subscriptionId`;

export function metaOf(message: { readonly params: JsonObject | undefined }): JsonObject {
  return asObject(message.params?.["_meta"]) ?? {};
}

export function isModern(message: RpcMessage, headers: Headers): boolean {
  if (message.kind !== "response" && metaOf(message)[versionKey] !== undefined) return true;
  if (message.kind === "request" && message.method === "server/discover") return true;
  return isModernVersion(headers);
}

export function isModernVersion(headers: Headers): boolean {
  const version = headers.get("mcp-protocol-version");
  return version !== null && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= latestModernVersion;
}

/** Methods whose target stands in a header, and where it is in the params. */
const namedBy: { readonly [method: string]: string } = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
  "tasks/get": "taskId",
  "tasks/update": "taskId",
  "tasks/cancel": "taskId",
};

/** What `Mcp-Name` has to say about a request; `undefined` where there is no such header. */
export function headerName(method: string, params: JsonObject | undefined): string | undefined {
  const member = namedBy[method];
  const value = member === undefined ? undefined : params?.[member];
  return typeof value === "string" ? value : undefined;
}

/** As a header carries it: text that a header cannot have, or that looks like this form, is encoded. */
export function encodeHeader(text: string): string {
  const isPlain = /^[!-~](?:[ -~]*[!-~])?$/.test(text) && !/^=\?base64\?.*\?=$/i.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

function decodeHeader(value: string): string {
  const encoded = /^=\?base64\?(.*)\?=$/i.exec(value.trim())?.[1];
  return encoded === undefined ? value.trim() : Buffer.from(encoded, "base64").toString();
}

/**
 * Checks that a message says what it has to, and that its headers say the same. The body decides what happens here;
 * the headers are for those on the way, who must not be told something else. Throws `RpcError`.
 */
export function checkModern(message: RpcMessage, headers: Headers): void {
  if (message.kind === "response") {
    throw new RpcError(rpcCodes.invalidRequest, "answers are not sent in this protocol version", {
      status: 400,
    });
  }
  checkVersion(message, headers);
  const { method, params } = message;
  compare("Mcp-Method", headers.get("mcp-method"), method);
  if (message.kind !== "request") return;
  if (asObject(metaOf(message)[capabilitiesKey]) === undefined) throw missingMeta(capabilitiesKey);
  const member = namedBy[method];
  if (member === undefined || method.startsWith("tasks/")) return;
  const name = headerName(method, params);
  if (name !== undefined) compare("Mcp-Name", headers.get("mcp-name"), name);
}

function checkVersion(message: { readonly params: JsonObject | undefined }, headers: Headers): void {
  const header = headers.get("mcp-protocol-version");
  const version = metaOf(message)[versionKey];
  if (version === undefined) throw missingMeta(versionKey);
  if (typeof version !== "string") throw invalidMeta(versionKey);
  compare("MCP-Protocol-Version", header, version);
  if (modernVersions.includes(version)) return;
  throw new RpcError(rpcCodes.unsupportedVersion, `Unsupported protocol version: ${version}`, {
    status: 400,
    data: { supported: modernVersions, requested: version },
  });
}

function compare(name: string, header: string | null, value: string): void {
  if (header !== null && decodeHeader(header) === value) return;
  const problem = header === null ? "is missing" : "does not say what the body says";
  throw new RpcError(rpcCodes.headerMismatch, `Header mismatch: ${name} ${problem}`, { status: 400 });
}

function missingMeta(key: string): RpcError {
  return new RpcError(rpcCodes.invalidParams, `params._meta needs ${key}`, { status: 400 });
}

function invalidMeta(key: string): RpcError {
  return new RpcError(rpcCodes.invalidParams, `params._meta: ${key} must be text`, { status: 400 });
}
