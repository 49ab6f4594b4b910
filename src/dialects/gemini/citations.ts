import type { IrCitation, JsonObject } from "../ir/values.ts";
import { arrayOf, numberOf, objectOf, textOf } from "../wire/exact-json.ts";

/** The text of one block, in the order of blocks. */
export interface TextBlock {
  readonly block: number;
  text: string;
}

export interface PlacedCitation {
  readonly block: number;
  readonly citation: IrCitation;
}

/**
 * Reads `groundingMetadata`: which piece of the answer rests on which source. It comes at the end, and counts in bytes
 * over the whole text.
 */
export function readCitations(metadata: JsonObject, blocks: readonly TextBlock[]): PlacedCitation[] {
  const sources = (arrayOf(metadata["groundingChunks"]) ?? []).map((chunk) => sourceOf(objectOf(chunk)));
  const answer = blocks.map((block) => block.text).join("");
  const bytes = new TextEncoder().encode(answer);
  return (arrayOf(metadata["groundingSupports"]) ?? []).flatMap((item) => {
    const support = objectOf(item) ?? {};
    const place = placeOf(objectOf(support["segment"]), { answer, bytes, blocks });
    const chunks = arrayOf(support["groundingChunkIndices"]) ?? [];
    return chunks.flatMap((index) => {
      const source = sources[numberOf(index) ?? -1];
      if (source === undefined || place === undefined) return [];
      const { block, ...range } = place;
      return [{ block, citation: { ...source, ...range, extras: { google: support } } }];
    });
  });
}

function sourceOf(chunk: JsonObject | undefined): IrCitation | undefined {
  const source = objectOf(chunk?.["web"] ?? chunk?.["retrievedContext"] ?? chunk?.["maps"]);
  if (source === undefined) return undefined;
  return { url: textOf(source["uri"]), title: textOf(source["title"]) };
}

interface Answer {
  readonly answer: string;
  readonly bytes: Uint8Array;
  readonly blocks: readonly TextBlock[];
}

/** Where a segment stands: in the block in which it ends, in UTF-16 units. */
function placeOf(segment: JsonObject | undefined, whole: Answer) {
  const citedText = textOf(segment?.["text"]);
  const range = rangeOf(segment, citedText, whole);
  if (range === undefined) return undefined;
  let before = 0;
  for (const { block, text } of whole.blocks) {
    if (range.end <= before + text.length) {
      const startIndex = Math.max(0, range.start - before);
      return { block, startIndex, endIndex: range.end - before, citedText };
    }
    before += text.length;
  }
  return undefined;
}

/** The bytes that a segment counts, if they are its text; else the first place where its text stands. */
function rangeOf(segment: JsonObject | undefined, citedText: string | undefined, { answer, bytes }: Answer) {
  const [from, to] = [numberOf(segment?.["startIndex"]) ?? 0, numberOf(segment?.["endIndex"])];
  if (to !== undefined) {
    const head = new TextDecoder().decode(bytes.subarray(0, from));
    const cited = new TextDecoder().decode(bytes.subarray(from, to));
    if (citedText === undefined || citedText === cited) {
      return { start: head.length, end: head.length + cited.length };
    }
  }
  const start = citedText ? answer.indexOf(citedText) : -1;
  return start === -1 || citedText === undefined ? undefined : { start, end: start + citedText.length };
}
