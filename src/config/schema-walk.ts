import { z } from "zod";
import type { Path } from "./diagnostics.ts";
import type { SchemaNotes } from "./resources/support.ts";

type Schema = z.core.$ZodType;

/** A schema without its wrappers (`.optional()`, `.default()`), and what was noted on any of them. */
interface Bare {
  readonly schema: Schema;
  readonly notes: SchemaNotes;
}

function bare(wrapped: Schema): Bare {
  let schema = wrapped;
  let notes: SchemaNotes = {};
  for (;;) {
    notes = { ...z.globalRegistry.get(schema), ...notes };
    if (
      schema instanceof z.ZodOptional ||
      schema instanceof z.ZodDefault ||
      schema instanceof z.ZodPrefault
    ) {
      schema = schema.def.innerType as Schema;
    } else {
      return { schema, notes };
    }
  }
}

function child({ schema }: Bare, step: string | number): Schema | undefined {
  if (schema instanceof z.ZodArray) return schema.element as Schema;
  if (schema instanceof z.ZodRecord) return schema.valueType as Schema;
  if (schema instanceof z.ZodObject)
    return (schema.shape as { [key: string]: Schema })[step] ?? schema.def.catchall;
  return undefined;
}

/** Whether a value on the path must not be quoted. */
export function isSecretAt(schema: Schema, path: Path): boolean {
  let current: Schema | undefined = schema;
  for (const step of [...path, undefined]) {
    if (current === undefined) return false;
    const found = bare(current);
    if (found.notes.isSecret === true) return true;
    current = step === undefined ? undefined : child(found, step);
  }
  return false;
}

/** The fields that a mapping on the path may have. */
export function fieldsAt(schema: Schema, path: Path): readonly string[] {
  let current: Schema | undefined = schema;
  for (const step of path) current = current && child(bare(current), step);
  const found = current && bare(current).schema;
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

/** One field of a schema: `spec.rules[].name`, with what is noted on it. */
interface SchemaField {
  readonly path: string;
  readonly notes: SchemaNotes;
}

/** Every field below a schema, in its order; what lies below one that is not honoured is covered by it. */
export function* fieldsOf(schema: Schema, path = ""): Generator<SchemaField> {
  const found = bare(schema);
  if (found.notes.support !== undefined) return;
  if (found.schema instanceof z.ZodArray) yield* fieldsOf(found.schema.element as Schema, `${path}[]`);
  if (found.schema instanceof z.ZodRecord) yield* fieldsOf(found.schema.valueType as Schema, `${path}{}`);
  if (!(found.schema instanceof z.ZodObject)) return;
  for (const [name, member] of Object.entries(found.schema.shape as { [key: string]: Schema })) {
    const own = path === "" ? name : `${path}.${name}`;
    yield { path: own, notes: bare(member).notes };
    yield* fieldsOf(member, own);
  }
}

type Visit = (notes: SchemaNotes, path: Path) => void;

/** Calls `visit` for every field of a value that is set and has notes; what lies below such a field is covered by it. */
export function visitNotes(schema: Schema, value: unknown, visit: Visit, path: Path = []): void {
  if (value === undefined) return;
  const found = bare(schema);
  if (found.notes.support !== undefined || found.notes.isSecret !== undefined) {
    visit(found.notes, path);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const steps = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const step of steps) {
    const next = child(found, step);
    if (next !== undefined)
      visitNotes(next, (value as { [key: string | number]: unknown })[step], visit, [...path, step]);
  }
}
