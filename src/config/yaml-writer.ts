import { formatPath, type Path } from "./diagnostics.ts";

/** Where a written field stands: lines and columns from 1. */
export interface WrittenField {
  readonly key?: WrittenPlace;
  readonly value: WrittenPlace;
}

interface WrittenPlace {
  readonly line: number;
  readonly column: number;
}

/** One document of a generated text. `fields`: by path, as `formatPath` writes it; the document itself is "". */
export interface WrittenDocument {
  readonly value: unknown;
  readonly fields: ReadonlyMap<string, WrittenField>;
}

/** Takes note of a field as it is written. */
type OnField = (path: Path, field: WrittenField) => void;

/**
 * Writes plain data as one YAML document, and tells where each field went.
 *
 * Block style, two blanks a level; texts of several lines as literal blocks. Members that are `undefined` are left out.
 */
class YamlWriter {
  text = "";
  #line = 1;
  #lineStart = 0;

  document(value: object, onField?: OnField): void {
    this.#write("---\n");
    onField?.([], { value: this.#place });
    this.#block(value, 0, [], onField);
  }

  #block(value: object, indent: number, path: Path, onField: OnField | undefined): void {
    const steps = Array.isArray(value) ? value.keys() : Object.keys(value);
    for (const step of steps) {
      const member = (value as { readonly [step: string | number]: unknown })[step];
      if (member === undefined) continue;
      // What comes first in a list's item stands beside the dash.
      if (this.#isAtLineStart) this.#write(" ".repeat(indent));
      if (typeof step === "number") this.#item(member, indent, [...path, step], onField);
      else this.#member(step, member, indent, [...path, step], onField);
    }
  }

  #item(item: unknown, indent: number, path: Path, onField: OnField | undefined): void {
    this.#write("- ");
    const value = this.#place;
    if (isBlock(item)) this.#block(item, indent + 2, path, onField);
    else this.#write(`${writeScalar(item, indent + 2)}\n`);
    onField?.(path, { value });
  }

  #member(name: string, member: unknown, indent: number, path: Path, onField: OnField | undefined): void {
    const key = this.#place;
    this.#write(`${writeText(name)}:`);
    if (!isBlock(member)) {
      const value = { line: this.#line, column: this.#place.column + 1 };
      this.#write(` ${writeScalar(member, indent + 2)}\n`);
      onField?.(path, { key, value });
      return;
    }
    this.#write("\n");
    const value = { line: this.#line, column: indent + 3 };
    this.#block(member, indent + 2, path, onField);
    onField?.(path, { key, value });
  }

  get #place(): WrittenPlace {
    return { line: this.#line, column: this.text.length - this.#lineStart + 1 };
  }

  get #isAtLineStart(): boolean {
    return this.text.length === this.#lineStart;
  }

  #write(text: string): void {
    this.text += text;
    const last = text.lastIndexOf("\n");
    if (last === -1) return;
    this.#line += text.split("\n").length - 1;
    this.#lineStart = this.text.length - (text.length - last - 1);
  }
}

/** Whether a value takes lines of its own. */
function isBlock(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function writeScalar(value: unknown, indent: number): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? "null";
  return isLiteral(value) ? writeLiteral(value, indent) : writeText(value);
}

/** Several lines that a literal block can hold as they are. */
function isLiteral(text: string): boolean {
  return /^[!-~][ -~]*\n/.test(text) && /^[ -~\n]*[!-~]\n?$/.test(text);
}

function writeLiteral(text: string, indent: number): string {
  const lines = text.replace(/\n$/, "").split("\n");
  const body = lines.map((line) => (line === "" ? "" : `${" ".repeat(indent)}${line}`)).join("\n");
  return `${text.endsWith("\n") ? "|" : "|-"}\n${body}`;
}

/** Words that YAML, in one version or another, does not read as text. */
const notText = /^(~|null|true|false|yes|no|on|off|y|n|[-+]?\.(inf|nan))$/i;

function writeText(text: string): string {
  const isPlain =
    /^[A-Za-z./_](?:[\w./ -]*[\w./-])?$/.test(text) && !notText.test(text) && !/^\.*[\d-]/.test(text);
  return isPlain ? text : JSON.stringify(text);
}

/** One document for each value, and where its fields stand. */
export function writeDocuments(values: readonly object[]): { text: string; written: WrittenDocument[] } {
  const writer = new YamlWriter();
  const written = values.map((value) => {
    const fields = new Map<string, WrittenField>();
    writer.document(value, (path, field) => fields.set(formatPath(path), field));
    return { value, fields };
  });
  return { text: writer.text, written };
}
