import { lastIndexOfBytes, type Needle, needle } from "./bytes.ts";
import { decodeText } from "./text.ts";

/**
 * Finds its way in the bytes of a JSON text without decoding or building it.
 *
 * The text is taken to be valid: what is not makes positions that mean nothing, or a `SyntaxError` where the text ends
 * early, but never a loop without end. Positions are offsets into the bytes.
 */

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const colon = 0x3a;
const comma = 0x2c;

/** So many bytes are looked at one by one before the native search, whose call costs about as much. */
const shortWay = 48;

export class BrokenJson extends SyntaxError {
  override readonly name = "BrokenJson";

  constructor() {
    super("the text is not JSON");
  }
}

/** Where the text begins: after a byte order mark and white space. */
export function textStart(bytes: Uint8Array): number {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return skipSpace(bytes, hasMark ? 3 : 0);
}

function skipSpace(bytes: Uint8Array, at: number): number {
  while (isSpace(bytes[at])) at++;
  return at;
}

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** From the opening quote to after the closing one. */
function skipString(bytes: Uint8Array, at: number): number {
  for (let i = at + 1; ; ) {
    for (const stop = Math.min(i + shortWay, bytes.length); i < stop; i++) {
      const byte = bytes[i];
      if (byte === quote) return i + 1;
      if (byte === backslash) i++;
    }
    const end = bytes.indexOf(quote, i);
    if (end < 0) throw new BrokenJson();
    if (!isEscaped(bytes, end, i)) return end + 1;
    i = end + 1;
  }
}

/** `from`: where a backslash before `at` cannot itself be escaped by what comes before it. */
function isEscaped(bytes: Uint8Array, at: number, from: number): boolean {
  let before = at;
  while (before > from && bytes[before - 1] === backslash) before--;
  return (at - before) % 2 === 1;
}

/** From the first byte of a value to after its last. */
export function skipValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === quote) return skipString(bytes, at);
  if (first !== openBrace && first !== openBracket) return skipScalar(bytes, at);
  let depth = 0;
  for (let i = at; i < bytes.length; ) {
    const byte = bytes[i];
    if (byte === quote) {
      i = skipString(bytes, i);
      continue;
    }
    i++;
    if (byte === openBrace || byte === openBracket) depth++;
    else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return i;
  }
  throw new BrokenJson();
}

function skipScalar(bytes: Uint8Array, at: number): number {
  let i = at;
  for (; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === comma || byte === closeBrace || byte === closeBracket || isSpace(byte)) break;
  }
  if (i === at) throw new BrokenJson();
  return i;
}

/** One member of an object, or one element of an array (whose key is empty and whose `start` is its value). */
export interface Entry {
  readonly start: number;
  readonly keyEnd: number;
  readonly value: number;
  readonly end: number;
}

/** Calls `visit` for each member or element of the container that starts at `at`, until it answers true. */
export function eachEntry(bytes: Uint8Array, at: number, visit: EntryVisitor): void {
  const hasKeys = bytes[at] === openBrace;
  let i = skipSpace(bytes, at + 1);
  if (bytes[i] === closeBrace || bytes[i] === closeBracket) return;
  for (;;) {
    const start = i;
    let keyEnd = i;
    if (hasKeys) {
      keyEnd = skipString(bytes, i);
      i = skipSpace(bytes, keyEnd);
      if (bytes[i] !== colon) throw new BrokenJson();
      i = skipSpace(bytes, i + 1);
    }
    const end = skipValue(bytes, i);
    if (visit(start, keyEnd, i, end) === true) return;
    i = skipSpace(bytes, end);
    if (bytes[i] !== comma) return;
    i = skipSpace(bytes, i + 1);
  }
}

type EntryVisitor = (start: number, keyEnd: number, value: number, end: number) => boolean | undefined;

export function isObjectAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === openBrace;
}

export function isArrayAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === openBracket;
}

/** Name of a member to look for. Made once. */
export interface MemberName {
  readonly text: string;
  /** As it is mostly written: in quotes, with no escapes. */
  readonly quoted: Needle;
}

export function memberName(text: string): MemberName {
  return { text, quoted: needle(JSON.stringify(text)) };
}

/** Whether the key from its opening quote to `end` is `name`, however it is escaped. */
export function isKey(bytes: Uint8Array, start: number, end: number, name: MemberName): boolean {
  const { quoted } = name;
  const length = end - start;
  if (length === quoted.length) {
    let i = 1;
    while (i < length && bytes[start + i] === quoted[i]) i++;
    if (i === length) return true;
  }
  // What JSON.stringify writes is never longer than another way to write the same.
  if (length < quoted.length) return false;
  let at = start;
  while (at < end && bytes[at] !== backslash) at++;
  return at < end && JSON.parse(decodeText(bytes.subarray(start, end))) === name.text;
}

/**
 * The values of several members of the object at `at`, in one pass: their positions in the order of `names`, -1 for
 * those that are absent. The first of duplicates counts.
 */
export function findMembers(bytes: Uint8Array, at: number, names: readonly MemberName[]): number[] {
  const found = names.map(() => -1);
  if (!isObjectAt(bytes, at)) return found;
  let missing = names.length;
  eachEntry(bytes, at, (start, keyEnd, value) => {
    for (let n = 0; n < names.length; n++) {
      const name = names[n];
      if (found[n] !== -1 || name === undefined || !isKey(bytes, start, keyEnd, name)) continue;
      found[n] = value;
      missing--;
      break;
    }
    return missing === 0;
  });
  return found;
}

/** The value of one member of the object at `at`, -1 if it has none or is no object. */
export function findMember(bytes: Uint8Array, at: number, name: MemberName): number {
  let found = -1;
  if (isObjectAt(bytes, at)) {
    eachEntry(bytes, at, (start, keyEnd, value) => {
      if (!isKey(bytes, start, keyEnd, name)) return false;
      found = value;
      return true;
    });
  }
  return found;
}

/** How many places of a name are looked at, so that a hostile text cannot make the search long. */
const maxCandidates = 32;

/**
 * The value of a member of the object that is the whole text, looked for from its end, where answers have their counts:
 * -1 if there is none. The last of duplicates counts; a key with escapes is not found. What lies before the member is
 * not looked at, however long it is.
 */
export function findLastMember(bytes: Uint8Array, name: MemberName): number {
  if (!isObjectAt(bytes, textStart(bytes))) return -1;
  let at = bytes.length;
  for (let tries = 0; tries < maxCandidates && at > 0; tries++) {
    at = lastIndexOfBytes(bytes, name.quoted, at - 1);
    if (at < 0) return -1;
    const after = skipSpace(bytes, at + name.quoted.length);
    if (bytes[at - 1] === backslash || bytes[after] !== colon) continue;
    const value = skipSpace(bytes, after + 1);
    if (isAtTop(bytes, value)) return value;
  }
  return -1;
}

/** Whether the object that the value at `at` is a member of ends with the text. */
function isAtTop(bytes: Uint8Array, at: number): boolean {
  for (let i = at; ; ) {
    i = skipSpace(bytes, skipValue(bytes, i));
    if (bytes[i] === closeBrace) return skipSpace(bytes, i + 1) === bytes.length;
    if (bytes[i] !== comma) return false;
    i = skipSpace(bytes, i + 1);
    if (bytes[i] !== quote) return false;
    i = skipSpace(bytes, skipString(bytes, i));
    if (bytes[i] !== colon) return false;
    i = skipSpace(bytes, i + 1);
  }
}

/** The value at `at`, built; `undefined` for -1. */
export function parseAt(bytes: Uint8Array, at: number): unknown {
  return at < 0 ? undefined : JSON.parse(decodeText(bytes.subarray(at, skipValue(bytes, at))));
}
