import type { ClientRequest, EndpointName } from "../dialects/passage.ts";
import { isObject, type JsonObject } from "../dialects/wire/json.ts";
import { FormFailure, formValue, readForm } from "../dialects/wire/multipart.ts";
import { decodeText } from "../dialects/wire/text.ts";
import { ExchangeFailure } from "../model/failure.ts";
import type { HeaderView } from "../model/headers.ts";
import type { Endpoint, Family } from "./endpoint.ts";
import { GrammarFailure, readModel, requireModel } from "./grammar.ts";
import { jsonErrorPosition } from "./json-position.ts";

/** What the gateway must know of a body; the rest is for backends. */
export interface Understood {
  readonly isStream: boolean;
  /** True where a stream always ends with its usage. */
  readonly wantsUsage: boolean;
}

interface JsonEndpoint {
  readonly name: EndpointName;
  readonly family: Family;
  readonly path: string;
  readonly operation: string;
  /** Whether the endpoint can do without a model. */
  readonly isModelOptional?: boolean;
  /** What a missing model is answered with instead of the usual words. */
  readonly missingModel?: string;
  /** Throws `GrammarFailure`, or `ExchangeFailure` where the message has fixed words. */
  understand(body: JsonObject): Understood;
}

interface FormEndpoint {
  readonly name: EndpointName;
  readonly family: Family;
  readonly path: string;
  readonly operation: string;
  readonly canStream: boolean;
}

export const neverStreams: Understood = { isStream: false, wantsUsage: true };

export function jsonEndpoint(endpoint: JsonEndpoint): Endpoint {
  const { name, family, path, operation } = endpoint;
  return {
    name,
    family,
    path,
    operation,
    readRequest(bytes, contentType, headers): ClientRequest {
      if (isForm(contentType)) fail("malformed request: multipart body not supported for this endpoint");
      const body = parseBody(bytes, path, headers);
      const model = judge(path, () => readModel(body));
      const { isStream, wantsUsage } = judge(path, () => endpoint.understand(body));
      if (model === "" && endpoint.missingModel !== undefined) fail(endpoint.missingModel);
      if (endpoint.isModelOptional !== true) requireModel(model);
      const common = { endpoint: name, model, isStream, wantsUsage, bytes };
      return { ...common, json: body, form: undefined, contentType, headers };
    },
  };
}

export function formEndpoint({ name, family, path, operation, canStream }: FormEndpoint): Endpoint {
  return {
    name,
    family,
    path,
    operation,
    readRequest(bytes, contentType, headers): ClientRequest {
      if (!isForm(contentType)) {
        fail(`malformed request: expected multipart/form-data content type for ${path}`);
      }
      const form = parseForm(bytes, contentType, path);
      const model = formValue(bytes, form, "model") ?? "";
      if (model === "") fail("malformed request: missing required field 'model'");
      if (!form.parts.some((part) => part.name === "file")) {
        fail("malformed request: missing required field 'file'");
      }
      const temperature = formValue(bytes, form, "temperature") ?? "";
      if (temperature !== "" && !Number.isFinite(Number(temperature))) {
        fail("malformed request: field 'temperature' must be a number");
      }
      const isStream = canStream && formValue(bytes, form, "stream")?.toLowerCase() === "true";
      const common = { endpoint: name, model, isStream, wantsUsage: true, bytes };
      return { ...common, json: undefined, form, contentType, headers };
    },
  };
}

function isForm(contentType: string): boolean {
  return contentType.toLowerCase().startsWith("multipart/form-data");
}

function parseBody(bytes: Uint8Array, path: string, headers: HeaderView): JsonObject {
  const text = decodeText(bytes);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    failJson(path, describeError(text, headers));
  }
  if (!isObject(body)) failJson(path, "the body must be an object");
  return body;
}

/** Finding the place in a longer text would take longer than a client should be able to make us work. */
const maxSearched = 1_000_000;

function describeError(text: string, headers: HeaderView): string {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity")
    return `the body must not be compressed, and its content-encoding is ${encoding}`;
  if (text.trim() === "") return "the body is empty";
  const position = text.length > maxSearched ? undefined : jsonErrorPosition(text);
  return position === undefined ? "the body is not JSON" : `the body is not JSON at ${position}`;
}

function parseForm(bytes: Uint8Array, contentType: string, path: string) {
  try {
    return readForm(bytes, contentType);
  } catch (cause) {
    if (!(cause instanceof FormFailure)) throw cause;
    fail(`malformed request: failed to parse multipart form for ${path}: ${cause.message}`);
  }
}

function judge<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof GrammarFailure) failJson(path, cause.message);
    throw cause;
  }
}

function failJson(path: string, detail: string): never {
  fail(`malformed request: failed to parse JSON for ${path}: ${detail}`);
}

function fail(message: string): never {
  throw new ExchangeFailure("invalid_request", message);
}
