import type { Json, JsonObject } from "../ir/values.ts";
import { arrayOf, numberOf, objectOf, textOf } from "../wire/exact-json.ts";

/** Reports what is wrong and where, and does not return. */
type Refuse = (reason: string) => never;

const maxDepth = 100;
/** References can multiply a small schema without end; this is far more than Gemini takes. */
const maxSchemas = 10_000;

/**
 * Turns JSON Schema into the subset of OpenAPI 3.0 that Gemini before 2.5 takes.
 *
 * - References are replaced by what they point to; one that leads back to itself becomes any object.
 * - `null` among types and alternatives becomes `nullable`; `oneOf` is read as `anyOf`, `const` as an enum of one,
 *   `allOf` is merged.
 * - What Gemini has no word for (`additionalProperties`, `not`, `multipleOf` …) is left out.
 *
 * Pure. What cannot be said is refused with a JSON pointer to it.
 * @see https://cloud.google.com/vertex-ai/docs/reference/rest/v1/Schema, read 2026-11
 */
export function convertSchema(schema: JsonObject, refuse: Refuse): JsonObject {
  return new Converter(schema, refuse).convert(schema, { pointer: "#", depth: 0, via: ["#"] });
}

/** Where in the schema the converter is. `via`: the references that led there. */
interface At {
  readonly pointer: string;
  readonly depth: number;
  readonly via: readonly string[];
}

const textMembers = ["type", "description", "title", "format", "pattern"];
const listMembers = ["required", "propertyOrdering"];
const anyMembers = ["default", "example"];
const limitMembers = [
  "maxItems",
  "minItems",
  "maxLength",
  "minLength",
  "maxProperties",
  "minProperties",
  "maximum",
  "minimum",
];
/** Members that only comment: beside a reference or one alternative, the outer one wins. */
const annotations = new Set(["title", "description", "default", "example", "nullable"]);

class Converter {
  readonly #root: JsonObject;
  readonly #refuse: Refuse;
  #schemas = 0;

  constructor(root: JsonObject, refuse: Refuse) {
    this.#root = root;
    this.#refuse = refuse;
  }

  convert(schema: JsonObject, at: At): JsonObject {
    this.#schemas += 1;
    if (at.depth >= maxDepth) this.#fail(at, `schemas are nested more than ${maxDepth} deep`);
    if (this.#schemas > maxSchemas) this.#fail(at, "its references make the schema too large");
    const reference = schema["$ref"];
    if (reference !== undefined) return this.#reference(schema, reference, at);
    if (schema["allOf"] !== undefined) return this.#merged(schema, schema["allOf"], at);
    const written: { [member: string]: Json } = {};
    for (const [member, value] of Object.entries(schema)) this.#member(member, value, written, at);
    const alternatives = schema["anyOf"] === undefined ? "oneOf" : "anyOf";
    if (schema[alternatives] === undefined) return written;
    return this.#alternatives(schema[alternatives], written, {
      ...at,
      pointer: `${at.pointer}/${alternatives}`,
    });
  }

  #member(member: string, value: Json, written: { [member: string]: Json }, at: At): void {
    const here = { ...at, pointer: `${at.pointer}/${member}` };
    if (member === "type" && Array.isArray(value)) this.#types(value, written, here);
    else if (member === "properties") written[member] = this.#properties(value, here);
    else if (member === "items") written[member] = this.#inner(value, here);
    else if (member === "enum")
      this.#enum(arrayOf(value) ?? this.#fail(here, "is not a list"), written, here);
    else if (member === "const") this.#enum([value], written, here);
    else if (anyMembers.includes(member)) written[member] = value;
    else if (textMembers.includes(member)) {
      // What an enum or a const made of the type stays.
      written[member] ??= textOf(value) ?? this.#fail(here, "is not a text");
    } else if (limitMembers.includes(member)) {
      if (numberOf(value) === undefined) this.#fail(here, "is not a number");
      written[member] = value;
    } else if (listMembers.includes(member)) {
      if (!arrayOf(value)?.every((item) => typeof item === "string"))
        this.#fail(here, "is not a list of texts");
      written[member] = value;
    } else if (member === "nullable") {
      if (typeof value !== "boolean") this.#fail(here, "is neither true nor false");
      written[member] = value || written[member] === true;
    }
  }

  #types(types: readonly Json[], written: { [member: string]: Json }, at: At): void {
    const names = types.map((type) => textOf(type) ?? this.#fail(at, "is not a list of texts"));
    const others = names.filter((name) => name !== "null");
    if (others.length < names.length) written["nullable"] = true;
    const [only, second] = others;
    if (only === undefined) this.#fail(at, "names no type but null");
    if (second === undefined) written["type"] ??= only;
    else written["anyOf"] = others.map((type) => ({ type }));
  }

  #properties(value: Json, at: At): JsonObject {
    const properties = objectOf(value) ?? this.#fail(at, "is not an object");
    return Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => {
        return [name, this.#inner(schema, { ...at, pointer: `${at.pointer}/${escapePointer(name)}` })];
      }),
    );
  }

  /** A schema inside another. `true` and `false`, which JSON Schema allows, cannot be said. */
  #inner(value: Json | undefined, at: At): JsonObject {
    const schema = objectOf(value) ?? this.#fail(at, "is not an object");
    return this.convert(schema, { ...at, depth: at.depth + 1 });
  }

  /** Gemini's enums are of texts. */
  #enum(values: readonly Json[], written: { [member: string]: Json }, at: At): void {
    const items = values.filter((value) => value !== null);
    if (items.length < values.length) written["nullable"] = true;
    if (items.some((item) => objectOf(item) !== undefined || Array.isArray(item))) {
      this.#fail(at, "holds something that is neither text nor number nor true nor false");
    }
    const areTexts = items.every((item) => typeof item === "string");
    if (items.length > 0) written["enum"] = items.map(asText);
    if (!areTexts || written["type"] === undefined) written["type"] = areTexts ? "string" : "STRING";
  }

  #alternatives(value: Json | undefined, written: JsonObject, at: At): JsonObject {
    const list = arrayOf(value);
    if (list === undefined || list.length === 0) return this.#fail(at, "is not a list of schemas");
    const schemas = list.map((item, index) =>
      this.#inner(item, { ...at, pointer: `${at.pointer}/${index}` }),
    );
    const others = schemas.filter((schema) => schema["type"] !== "null");
    const nullable = others.length < schemas.length ? { nullable: true } : {};
    const [only, second] = others;
    if (only === undefined) return { type: "null", ...written };
    if (second !== undefined) return { ...written, anyOf: others, ...nullable };
    return { ...this.#merge(written, only, at), ...nullable };
  }

  #merged(schema: JsonObject, value: Json, at: At): JsonObject {
    const here = { ...at, pointer: `${at.pointer}/allOf` };
    const list = arrayOf(value);
    if (list === undefined || list.length === 0) return this.#fail(here, "is not a list of schemas");
    const { allOf: _, ...outer } = schema;
    let merged = this.convert(outer, { ...at, depth: at.depth + 1 });
    for (const [index, item] of list.entries()) {
      const pointer = `${here.pointer}/${index}`;
      merged = this.#merge(merged, this.#inner(item, { ...here, pointer }), { ...here, pointer });
    }
    return merged;
  }

  /** Both converted. Fails where they say different things of one member. */
  #merge(outer: JsonObject, inner: JsonObject, at: At): JsonObject {
    const merged: { [member: string]: Json } = { ...inner, ...outer };
    for (const member of Object.keys(inner)) {
      const [a, b] = [outer[member], inner[member]];
      if (a === undefined || b === undefined || annotations.has(member)) continue;
      if (member === "required")
        merged[member] = [...new Set([...(arrayOf(a) ?? []), ...(arrayOf(b) ?? [])])];
      else if (member === "properties") {
        merged[member] = this.#merge(objectOf(a) ?? {}, objectOf(b) ?? {}, {
          ...at,
          pointer: `${at.pointer}/properties`,
        });
      } else if (JSON.stringify(a) !== JSON.stringify(b))
        this.#fail(at, `says another ${member} than its neighbours`);
    }
    return merged;
  }

  #reference(schema: JsonObject, reference: Json, at: At): JsonObject {
    const here = { ...at, pointer: `${at.pointer}/$ref` };
    if (typeof reference !== "string" || !(reference === "#" || reference.startsWith("#/"))) {
      return this.#fail(here, "does not point into the schema itself, as in #/$defs/name");
    }
    const beside = Object.entries(schema).filter(([member]) => annotations.has(member));
    const outer = this.convert(Object.fromEntries(beside), { ...at, depth: at.depth + 1 });
    if (at.via.includes(reference)) return { type: "object", ...outer };
    const target = this.#resolve(reference, here);
    const via = [...at.via, reference];
    return { ...this.convert(target, { ...at, depth: at.depth + 1, via }), ...outer };
  }

  #resolve(reference: string, at: At): JsonObject {
    let found = this.#root;
    for (const step of reference.split("/").slice(1)) {
      const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
      const next = Object.hasOwn(found, name) ? objectOf(found[name]) : undefined;
      if (next === undefined) return this.#fail(at, `points to nothing: ${reference}`);
      found = next;
    }
    return found;
  }

  #fail(at: At, reason: string): never {
    return this.#refuse(`${at.pointer} ${reason}`);
  }
}

function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
