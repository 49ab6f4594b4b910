import { ExchangeFailure } from "../../model/failure.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { arrayOf, booleanOf, numberOf, objectOf, textOf } from "./exact-json.ts";

/** Something in a client's body that cannot be read. `path` grows on the way out; `asFailure` makes the answer of it. */
class Misfit extends Error {
  readonly code: "invalid_request" | "untranslatable";
  readonly path: string;
  readonly problem: string;

  constructor(code: "invalid_request" | "untranslatable", path: string, problem: string) {
    super(problem);
    this.code = code;
    this.path = path;
    this.problem = problem;
  }
}

/** The body is against the grammar of its API: 400. */
export function malformed(path: string, problem: string): never {
  throw new Misfit("invalid_request", path, problem);
}

/** The body is well formed, but says something that has no meaning: 422. */
export function meaningless(path: string, problem: string): never {
  throw new Misfit("untranslatable", path, problem);
}

/** Reads a part of a body; what goes wrong in it is told with `path` in front. */
export function within<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw outside(path, thrown);
  }
}

/** Reads each item of a list. */
export function readEach<T>(
  path: string,
  items: readonly Json[],
  read: (item: Json, index: number) => T,
): T[] {
  const all: T[] = [];
  for (let index = 0; index < items.length; index++) {
    try {
      all.push(read(items[index]!, index));
    } catch (thrown) {
      throw outside(`${path}[${index}]`, thrown);
    }
  }
  return all;
}

function outside(path: string, thrown: unknown): unknown {
  if (!(thrown instanceof Misfit)) return thrown;
  const inner = thrown.path === "" || thrown.path.startsWith("[") ? thrown.path : `.${thrown.path}`;
  return new Misfit(thrown.code, path + inner, thrown.problem);
}

/** Reads a body of the endpoint at `endpointPath`. Throws `ExchangeFailure`. */
export function readBody<T>(endpointPath: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof Misfit)) throw thrown;
    const where = thrown.path === "" ? "" : `${thrown.path}: `;
    throw thrown.code === "invalid_request"
      ? new ExchangeFailure(
          thrown.code,
          `malformed request: failed to parse JSON for ${endpointPath}: ${where}${thrown.problem}`,
        )
      : new ExchangeFailure(thrown.code, `invalid request body: ${where}${thrown.problem}`);
  }
}

/** A member, where null is the same as absent. Of the wrong type it is malformed. */
function member<T>(
  name: string,
  value: Json | undefined,
  read: (value: Json) => T | undefined,
  type: string,
) {
  if (value === undefined || value === null) return undefined;
  const found = read(value);
  return found === undefined ? malformed(name, `must be ${type}`) : found;
}

/** `path`: where the object stands, if that is not told by what reads it. */
export function textIn(object: JsonObject, name: string, path = ""): string | undefined {
  const value = object[name];
  return typeof value === "string" ? value : member(path + name, value, textOf, "a string");
}

export function numberIn(object: JsonObject, name: string): number | undefined {
  return member(name, object[name], numberOf, "a number");
}

export function integerIn(object: JsonObject, name: string): number | undefined {
  const number = numberIn(object, name);
  return number === undefined || Number.isInteger(number) ? number : malformed(name, "must be an integer");
}

export function booleanIn(object: JsonObject, name: string): boolean | undefined {
  return member(name, object[name], booleanOf, "a boolean");
}

export function objectIn(object: JsonObject, name: string): JsonObject | undefined {
  return member(name, object[name], objectOf, "an object");
}

export function listIn(object: JsonObject, name: string): readonly Json[] | undefined {
  return member(name, object[name], arrayOf, "an array");
}

export function textsIn(object: JsonObject, name: string): readonly string[] | undefined {
  return listIn(object, name)?.map(
    (item, index) => textOf(item) ?? malformed(`${name}[${index}]`, "must be a string"),
  );
}

export function neededText(object: JsonObject, name: string): string {
  return textIn(object, name) ?? malformed(name, "is required");
}

export function neededObject(object: JsonObject, name: string): JsonObject {
  return objectIn(object, name) ?? malformed(name, "is required");
}

/** An item of a list that has to be an object. */
export function asObject(value: Json): JsonObject {
  return objectOf(value) ?? malformed("", "must be an object");
}
