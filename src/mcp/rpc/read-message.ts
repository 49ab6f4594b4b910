import { asObject, isObject, type JsonObject } from "../../dialects/wire/json.ts";
import { eachEntry, isKey, isObjectAt, skipValue, textStart } from "../../dialects/wire/json-scan.ts";
import { decodeText } from "../../dialects/wire/text.ts";
import { nameOf } from "../json/edit-paths.ts";
import { RpcError, rpcCodes } from "./errors.ts";

/** One JSON-RPC message: its bytes, which travel, and what they mean. */
export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

interface Message {
  readonly bytes: Uint8Array;
  /** The parsed message, to look at only: its numbers may be rounded. */
  readonly value: JsonObject;
}

export interface RpcRequest extends Message {
  readonly kind: "request";
  readonly method: string;
  readonly params: JsonObject | undefined;
  readonly id: string | number;
  /** The id as it was written, which for large numbers is more than `id` says. */
  readonly idText: string;
}

export interface RpcNotification extends Message {
  readonly kind: "notification";
  readonly method: string;
  readonly params: JsonObject | undefined;
}

export interface RpcResponse extends Message {
  readonly kind: "response";
  readonly id: string | number;
  readonly idText: string;
}

const maxDepth = 256;

/**
 * Reads what a client posted. Throws `RpcError` for what is no message, and for what two readers could understand in two
 * ways: members that decide something and are there twice.
 */
export function readClientMessage(bytes: Uint8Array): RpcMessage {
  const start = textStart(bytes);
  const isDeep = bytes.length > 2 * maxDepth && depthOf(bytes, start) > maxDepth;
  if (isDeep) throw invalid(`the message is nested deeper than ${maxDepth} levels`);
  let value: unknown;
  try {
    value = JSON.parse(decodeText(bytes));
  } catch (error) {
    throw new RpcError(rpcCodes.parseError, "the body is not valid JSON", { status: 400, cause: error });
  }
  if (Array.isArray(value)) throw invalid("batches are not accepted: send one message for each request");
  if (!isObject(value) || value["jsonrpc"] !== "2.0")
    throw invalid('a message is an object with "jsonrpc": "2.0"');
  const message = start === 0 ? bytes : bytes.subarray(start);
  const idText = findId(message);
  return classify(message, value, idText, invalid);
}

/** Reads what a server sent; `undefined` for what is no message of JSON-RPC. */
export function readServerMessage(bytes: Uint8Array): RpcMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decodeText(bytes));
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { id } = value;
  // Whole numbers that are not rounded need no second look at the text.
  const isPlain = id === undefined || typeof id === "string" || Number.isSafeInteger(id);
  const idText = isPlain ? JSON.stringify(id) : rawMember(bytes, "id");
  try {
    return classify(bytes, value, idText, invalid);
  } catch {
    return undefined;
  }
}

function invalid(message: string): RpcError {
  return new RpcError(rpcCodes.invalidRequest, message, { status: 400 });
}

function classify(
  bytes: Uint8Array,
  value: JsonObject,
  idText: string | undefined,
  refuse: (message: string) => RpcError,
): RpcMessage {
  const { method, id, params } = value;
  const hasAnswer = "result" in value || "error" in value;
  if (method === undefined) {
    if (!hasAnswer) throw refuse("a message has a method, a result or an error");
    // Errors about what could not be read have no id to name, and nobody waits for them.
    if (!isId(id) || idText === undefined)
      throw refuse("an answer names its request by a string or an integer");
    return { kind: "response", bytes, value, id, idText };
  }
  if (typeof method !== "string") throw refuse("a method is a string");
  if (hasAnswer) throw refuse("a message is a request or an answer");
  if (params !== undefined && !isObject(params)) throw refuse("params are an object");
  if (id === undefined) return { kind: "notification", bytes, value, method, params: asObject(params) };
  if (!isId(id) || idText === undefined) throw refuse("an id is a string or an integer");
  return { kind: "request", bytes, value, method, params: asObject(params), id, idText };
}

function isId(id: unknown): id is string | number {
  return typeof id === "string" || Number.isInteger(id);
}

const deciding = ["jsonrpc", "method", "id", "params"].map(nameOf);
const decidingParams = ["name", "uri", "protocolVersion", "requestId", "ref", "_meta"].map(nameOf);

/** The text of the id. Throws where one of the members that decide is there twice. */
function findId(bytes: Uint8Array): string | undefined {
  const found = checkTwice(bytes, 0, deciding);
  const params = found[3];
  if (params !== undefined && isObjectAt(bytes, params)) checkTwice(bytes, params, decidingParams);
  const id = found[2];
  return id === undefined ? undefined : decodeText(bytes.subarray(id, skipValue(bytes, id)));
}

function checkTwice(bytes: Uint8Array, at: number, names: typeof deciding): (number | undefined)[] {
  const found: (number | undefined)[] = names.map(() => undefined);
  eachEntry(bytes, at, (start, keyEnd, from) => {
    for (let n = 0; n < names.length; n++) {
      const name = names[n];
      if (name === undefined || !isKey(bytes, start, keyEnd, name)) continue;
      if (found[n] !== undefined) throw invalid(`"${name.text}" is there twice`);
      found[n] = from;
      break;
    }
    return false;
  });
  return found;
}

/** The text of a member at the top. */
function rawMember(bytes: Uint8Array, name: string): string | undefined {
  let text: string | undefined;
  eachEntry(bytes, textStart(bytes), (start, keyEnd, from, to) => {
    if (isKey(bytes, start, keyEnd, nameOf(name))) text = decodeText(bytes.subarray(from, to));
    return text !== undefined;
  });
  return text;
}

/** How deep brackets go, outside of strings. */
function depthOf(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let deepest = 0;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) {
      try {
        i = skipValue(bytes, i) - 1;
      } catch {
        return deepest;
      }
    } else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}
