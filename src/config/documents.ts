import { type Document, parseAllDocuments } from "yaml";
import type { Origin } from "../model/origin.ts";
import { noResource, type Report } from "./diagnostics.ts";
import { OffsetMap } from "./offset-map.ts";
import { type Places, WrittenPlaces } from "./places.ts";
import { type Position, SourceText } from "./source-text.ts";
import { type Substituted, substitute } from "./substitute.ts";
import type { Environment, Source } from "./world.ts";
import { isEmpty, YamlPlaces } from "./yaml-places.ts";
import type { WrittenDocument } from "./yaml-writer.ts";

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
  const { name, text, isSubstituted, written } = source;
  if (written !== undefined) return { documents: takeWritten(name, written), isReadable: true };
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

/** Documents that were written here. */
export function takeWritten(file: string, written: readonly WrittenDocument[]): ParsedDocument[] {
  return written.map(({ value, fields }, index) => ({
    index: index + 1,
    value,
    places: new WrittenPlaces(file, fields),
    isSound: true,
  }));
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
  const places = new YamlPlaces(document, text, unset);
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
function fileOrigin(file: string, document: number, position: Position): Origin {
  return { resource: noResource, path: "", file, document, ...position };
}
