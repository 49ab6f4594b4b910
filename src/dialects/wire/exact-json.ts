import type { Json, JsonObject } from "../ir/values.ts";

/** What the compiler does not know of JSON yet; Bun and Deno both have it. */
interface JsonWithSource {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}
const sourceJson = JSON as unknown as JsonWithSource;

/**
 * Finds numbers that JavaScript would write differently: over 15 digits, exponents, `1.0`, `-0`, tiny fractions.
 * May find one too many (inside a string); `keepNumber` decides.
 */
const oddNumber = /(?:^|[[:,])\s*(?:-?(?:\d[\d.]{15,}|\d+\.\d*0\b|\d[\d.]*[eE]|0\.0{6})|-0\b)/;

/** Whether parsing and writing this JSON text might change a number. */
export function hasOddNumber(text: string): boolean {
  return oddNumber.test(text);
}

/** Whether there is any number in a parsed value: without one, nothing can be lost. */
export function hasNumber(value: unknown): boolean {
  if (typeof value === "number") return true;
  if (typeof value !== "object" || value === null) return false;
  for (const name in value)
    if (hasNumber((value as { readonly [member: string]: unknown })[name])) return true;
  return false;
}

/**
 * Parses JSON so that writing it again gives every number as it was written: `12345678901234567890`, `1.0`.
 *
 * Such numbers become `JSON.rawJSON` objects; `numberOf` reads both kinds. The reviver costs seven times a plain parse,
 * so it runs only where such a number may be. Throws `SyntaxError`.
 */
export function parseExact(text: string): Json {
  return hasOddNumber(text) ? (sourceJson.parse(text, keepNumber) as Json) : (JSON.parse(text) as Json);
}

function keepNumber(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== "number" || context.source === undefined || String(value) === context.source)
    return value;
  return sourceJson.rawJSON(context.source);
}

/** The object that this JSON text is, exactly; `undefined` if it is no JSON or no object. */
export function parseExactObject(text: string): JsonObject | undefined {
  try {
    return objectOf(parseExact(text));
  } catch {
    return undefined;
  }
}

/** The JSON object in a text that may be anything. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function objectOf(value: unknown): JsonObject | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isRaw(value)) return undefined;
  return value as JsonObject;
}

/** A look at the member first, which costs a tenth of the call: this runs some times for every event of a stream. */
function isRaw(value: object): value is { readonly rawJSON: string } {
  return (value as { rawJSON?: unknown }).rawJSON !== undefined && sourceJson.isRawJSON(value);
}

export function arrayOf(value: unknown): readonly Json[] | undefined {
  return Array.isArray(value) ? (value as readonly Json[]) : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function booleanOf(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "object" && value !== null && isRaw(value) ? Number(value.rawJSON) : undefined;
}
