import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  visit,
} from "yaml";
import { noResource, type Path, type Report } from "./diagnostics.ts";
import { OffsetMap } from "./offset-map.ts";
import { type Position, SourceText } from "./source-text.ts";
import { type Substituted, substitute } from "./substitute.ts";
import type { Environment, Source } from "./world.ts";

/** One document as a plain value, with the place of every field of it. */
export interface ParsedDocument {
  /** Position in its file, from 1. */
  readonly index: number;
  readonly value: unknown;
  readonly places: Places;
  /** False if the text has errors: the value is then only good for guessing what was meant. */
  readonly isSound: boolean;
}

export interface Parsed {
  readonly documents: readonly ParsedDocument[];
  /** False if not even documents could be told apart. */
  readonly isReadable: boolean;
}

/** Text to documents. Complains about bad expressions and YAML, and warns of variables that became nothing. */
export function parseDocuments(source: Source, environment: Environment, report: Report): Parsed {
  const { name, text, isSubstituted } = source;
  const substituted: Substituted = isSubstituted
    ? substitute(text, environment)
    : { text, map: OffsetMap.identity(text.length), unset: [], errors: [] };
  const sourceText = new SourceText(name, text, substituted.map);
  for (const { message, mend, inOffset } of substituted.errors) {
    const origin = fileOrigin(name, 0, sourceText.originalPosition(inOffset));
    report.error(origin, "substitution", message, { mend });
  }
  if (substituted.errors.length > 0) return { documents: [], isReadable: false };
  const documents = parseAllDocuments(substituted.text, {
    version: "1.2",
    merge: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: "silent",
  });
  if (!Array.isArray(documents)) return { documents: [], isReadable: true };
  const parsed = documents.flatMap((document, position) =>
    parseDocument(document, position + 1, sourceText, substituted, report),
  );
  return { documents: parsed, isReadable: true };
}

function parseDocument(
  document: Document.Parsed,
  index: number,
  text: SourceText,
  { unset }: Substituted,
  report: Report,
): ParsedDocument[] {
  for (const { message, pos } of document.errors) {
    report.error(fileOrigin(text.name, index, text.position(pos[0])), "yaml", message);
  }
  for (const { message, pos } of document.warnings) {
    report.warning(fileOrigin(text.name, index, text.position(pos[0])), "yaml", message);
  }
  if (isEmpty(document.contents) && document.errors.length === 0) return [];
  const places = new Places(document, text, unset);
  for (const { name, inOffset } of places.unset()) {
    report.warning(
      fileOrigin(text.name, index, text.originalPosition(inOffset)),
      "variable-unset",
      `$${name} is not set, so it became empty text`,
      { mend: `set it, give a default with \${${name}:-…}, or write $$ for a literal dollar` },
    );
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return [{ index, value, places, isSound: document.errors.length === 0 }];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (document.errors.length === 0) {
      report.error(fileOrigin(text.name, index, places.at([])), "yaml", message);
    }
    return [{ index, value: undefined, places, isSound: false }];
  }
}

/** An origin that names no resource; document 0 is the file as a whole. */
export function fileOrigin(file: string, document: number, position: Position) {
  return { resource: noResource, path: "", file, document, ...position };
}

interface Found {
  /** The deepest node on the path that is there. */
  readonly node: Node | null;
  /** The key that leads to it, if it is a member of a mapping. */
  readonly key: Node | undefined;
  readonly isWhole: boolean;
}

/** Where the fields of one document stand. */
export class Places {
  readonly file: string;
  readonly #document: Document.Parsed;
  readonly #text: SourceText;
  readonly #unset: Substituted["unset"];

  constructor(document: Document.Parsed, text: SourceText, unset: Substituted["unset"]) {
    this.file = text.name;
    this.#document = document;
    this.#text = text;
    this.#unset = unset;
  }

  /** A field's value; where the field or its value is missing, the key that it belongs to. */
  at(path: Path): Position {
    const { node, key, isWhole } = this.#find(path);
    const shown = (isWhole && !isEmpty(node) ? node : key) ?? node ?? this.#document.contents;
    return this.#text.position(shown?.range?.[0] ?? this.#document.range[0]);
  }

  /** The name of a field. */
  keyAt(path: Path): Position {
    const { node, key, isWhole } = this.#find(path);
    const shown = isWhole ? (key ?? node) : node;
    return this.#text.position(shown?.range?.[0] ?? this.#document.range[0]);
  }

  /** Unset variables that a field's text was made of. */
  unsetIn(path: Path): string | undefined {
    const { node, key, isWhole } = this.#find(path);
    const from = key?.range?.[1] ?? node?.range?.[0];
    if (!isWhole || from === undefined) return undefined;
    const to = node?.range?.[1] ?? from;
    return this.#unset.find(({ outOffset }) => from <= outOffset && outOffset <= to)?.name;
  }

  /** Unset variables of this document that stand in a value or key, not in a comment. */
  *unset(): Iterable<Substituted["unset"][number]> {
    const [start, end] = this.#document.range;
    const inside = this.#unset.filter(({ outOffset }) => start <= outOffset && outOffset <= end);
    if (inside.length === 0) return;
    const ranges = scalarRanges(this.#document);
    for (const variable of inside) {
      const { outOffset } = variable;
      if (ranges.some(([from, to]) => from <= outOffset && outOffset <= to)) yield variable;
    }
  }

  #find(path: Path): Found {
    let found: Found = { node: this.#document.contents, key: undefined, isWhole: true };
    for (const step of path) {
      const parent = isAlias(found.node) ? found.node.resolve(this.#document) : found.node;
      if (isSeq(parent) && typeof step === "number") {
        const item = parent.items[step];
        if (!isNode(item)) return { ...found, isWhole: false };
        found = { node: item, key: undefined, isWhole: true };
      } else {
        const pair = isMap(parent)
          ? parent.items.find(({ key }) => isScalar(key) && key.value === step)
          : undefined;
        if (pair === undefined) return { ...found, isWhole: false };
        found = { node: nodeOf(pair.value), key: nodeOf(pair.key) ?? undefined, isWhole: true };
      }
    }
    return found;
  }
}

function nodeOf(value: unknown): Node | null {
  return isNode(value) ? value : null;
}

/** A value that takes no characters: `key:` with nothing behind it. */
function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.range != null && node.range[0] === node.range[1]);
}

/** Where keys and values stand; a value left empty begins behind its key. */
function scalarRanges(document: Document.Parsed): (readonly [number, number])[] {
  const ranges: (readonly [number, number])[] = [];
  visit(document, {
    Scalar(_, node: Scalar) {
      if (node.range != null) ranges.push([node.range[0], node.range[1]]);
    },
    Pair(_, pair: Pair) {
      const key = nodeOf(pair.key)?.range;
      const value = nodeOf(pair.value)?.range;
      if (key != null && value != null && value[0] === value[1]) ranges.push([key[1], value[0]]);
    },
  });
  return ranges;
}
