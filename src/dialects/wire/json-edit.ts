import { ExchangeFailure } from "../../model/failure.ts";
import type { BodyEdit } from "../../model/values.ts";
import {
  type Entry,
  eachEntry,
  isArrayAt,
  isKey,
  isObjectAt,
  isSpace,
  type MemberName,
  memberName,
  skipValue,
  textStart,
} from "./json-scan.ts";
import { encodeText } from "./text.ts";

/**
 * Edits of a JSON text that leave every other byte as it was: numbers, order, white space and unknown members survive.
 * All of them give a new text and want one whose top is an object. What cannot be done throws `ExchangeFailure`
 * (`internal`), since an edit that is left out may be one that a policy needs.
 */

/** Sets a member at the top, every occurrence of it; appends it where there is none. `json` is JSON text. */
export function setMember(text: Uint8Array, name: MemberName, json: string): Uint8Array {
  const top = textStart(text);
  if (!isObjectAt(text, top)) throw refuse("the body is not a JSON object");
  const by = encodeText(json);
  const splices: Splice[] = [];
  eachEntry(text, top, (start, keyEnd, from, to) => {
    if (isKey(text, start, keyEnd, name)) splices.push({ from, to, by });
    return false;
  });
  return splices.length === 0 ? appendMember(text, name, json) : splice(text, splices);
}

/**
 * Appends a member that is known to be absent: looks only at the end of the text, however long it is.
 */
export function appendMember(text: Uint8Array, name: MemberName, json: string): Uint8Array {
  let brace = text.length - 1;
  while (isSpace(text[brace])) brace--;
  if (text[brace] !== 0x7d) throw refuse("the body does not end as a JSON object");
  let last = brace - 1;
  while (isSpace(text[last])) last--;
  const comma = text[last] === 0x7b ? "" : ",";
  return splice(text, [
    { from: last + 1, to: last + 1, by: encodeText(`${comma}${JSON.stringify(name.text)}:${json}`) },
  ]);
}

/**
 * Makes the edits of a body mutation: all removals first, then what is set, each in their order.
 *
 * - A path goes down into every occurrence of a member that is there twice.
 * - Removing what is absent does nothing.
 * - Setting makes the objects on the way, also in place of a value that is none.
 * - In an array a segment is an index; `-1` is the last element when removing and one more when setting. Elements
 *   between the end and a later index become null.
 */
export function editJson(text: Uint8Array, edits: readonly BodyEdit[]): Uint8Array {
  let edited = text;
  for (const op of ["remove", "set"] as const) {
    for (const edit of edits) if (edit.op === op) edited = makeEdit(edited, edit);
  }
  return edited;
}

function makeEdit(text: Uint8Array, edit: BodyEdit): Uint8Array {
  const top = textStart(text);
  if (!isObjectAt(text, top)) throw refuse("the body is not a JSON object");
  const splices: Splice[] = [];
  if (edit.op === "set") new Setter(text, edit.path, edit.json, splices).at(top, 0);
  else removeAt(text, top, edit.path, 0, splices);
  return splice(text, splices);
}

/** Replaces the bytes from `from` to before `to`. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly by: Uint8Array;
}

/** `splices` must be in order and apart. */
export function splice(text: Uint8Array, splices: readonly Splice[]): Uint8Array {
  if (splices.length === 0) return text;
  let length = text.length;
  for (const { from, to, by } of splices) length += by.length - (to - from);
  const edited = new Uint8Array(length);
  let read = 0;
  let write = 0;
  for (const { from, to, by } of splices) {
    edited.set(text.subarray(read, from), write);
    write += from - read;
    edited.set(by, write);
    write += by.length;
    read = to;
  }
  edited.set(text.subarray(read), write);
  return edited;
}

function refuse(reason: string): ExchangeFailure {
  return new ExchangeFailure("internal", `the request body cannot be edited: ${reason}`);
}

function entriesOf(text: Uint8Array, at: number): Entry[] {
  const entries: Entry[] = [];
  eachEntry(text, at, (start, keyEnd, value, end) => {
    entries.push({ start, keyEnd, value, end });
    return false;
  });
  return entries;
}

/** How many nulls an index beyond the end may make. */
const maxPadding = 1000;

class Setter {
  readonly #text: Uint8Array;
  readonly #path: readonly string[];
  readonly #json: string;
  readonly #splices: Splice[];

  constructor(text: Uint8Array, path: readonly string[], json: string, splices: Splice[]) {
    this.#text = text;
    this.#path = path;
    this.#json = json;
    this.#splices = splices;
  }

  at(value: number, depth: number): void {
    const segment = this.#path[depth];
    if (segment !== undefined && isObjectAt(this.#text, value)) this.#inObject(value, depth, segment);
    else if (segment !== undefined && isArrayAt(this.#text, value)) this.#inArray(value, depth, segment);
    else this.#replace(value, skipValue(this.#text, value), this.#nested(depth));
  }

  #inObject(at: number, depth: number, segment: string): void {
    const name = memberName(segment);
    const entries = entriesOf(this.#text, at);
    const same = entries.filter((entry) => isKey(this.#text, entry.start, entry.keyEnd, name));
    for (const entry of same) this.at(entry.value, depth + 1);
    if (same.length > 0) return;
    this.#append(at, entries, `${JSON.stringify(segment)}:${this.#nested(depth + 1)}`);
  }

  #inArray(at: number, depth: number, segment: string): void {
    const entries = entriesOf(this.#text, at);
    const index = segment === "-1" ? entries.length : arrayIndex(segment);
    const entry = entries[index];
    if (entry !== undefined) this.at(entry.value, depth + 1);
    else if (index - entries.length <= maxPadding) {
      this.#append(at, entries, "null,".repeat(index - entries.length) + this.#nested(depth + 1));
    } else {
      const path = this.#path.join(".");
      throw refuse(`"${segment}" of "${path}" is no index of the array that is there`);
    }
  }

  #append(at: number, entries: readonly Entry[], written: string): void {
    const end = entries.at(-1)?.end;
    this.#replace(end ?? at + 1, end ?? at + 1, (end === undefined ? "" : ",") + written);
  }

  #replace(from: number, to: number, written: string): void {
    this.#splices.push({ from, to, by: encodeText(written) });
  }

  /** The value with what the rest of the path wants around it. */
  #nested(depth: number): string {
    const segment = this.#path[depth];
    if (segment === undefined) return this.#json;
    const inner = this.#nested(depth + 1);
    return segment === "0" || segment === "-1" ? `[${inner}]` : `{${JSON.stringify(segment)}:${inner}}`;
  }
}

/** Infinity for what is no index. */
function arrayIndex(segment: string): number {
  return /^\d+$/.test(segment) ? Number(segment) : Number.POSITIVE_INFINITY;
}

function removeAt(
  text: Uint8Array,
  at: number,
  path: readonly string[],
  depth: number,
  splices: Splice[],
): void {
  const segment = path[depth];
  if (segment === undefined || !(isObjectAt(text, at) || isArrayAt(text, at))) return;
  const entries = entriesOf(text, at);
  const isMeant = meant(text, at, entries, segment);
  const isLast = depth === path.length - 1;
  let hasKept = false;
  entries.forEach((entry, i) => {
    if (!isMeant(entry, i)) hasKept = true;
    else if (!isLast) removeAt(text, entry.value, path, depth + 1, splices);
    // With its comma: the one before it, or the one after it for the first that stays away.
    else if (hasKept) splices.push({ from: entries[i - 1]?.end ?? entry.start, to: entry.end, by: nothing });
    else splices.push({ from: entry.start, to: entries[i + 1]?.start ?? entry.end, by: nothing });
  });
}

const nothing = new Uint8Array(0);

function meant(text: Uint8Array, at: number, entries: readonly Entry[], segment: string) {
  if (isArrayAt(text, at)) {
    const index = segment === "-1" ? entries.length - 1 : arrayIndex(segment);
    return (_: Entry, i: number): boolean => i === index;
  }
  const name = memberName(segment);
  return (entry: Entry): boolean => isKey(text, entry.start, entry.keyEnd, name);
}
