import type { Buffer } from "node:buffer";
import type { FormPart, MultipartForm } from "../passage.ts";
import { indexOfBytes, joinBytes, needle, startsWith } from "./bytes.ts";
import { decodeText, encodeText } from "./text.ts";

/** A body that is not the form it says it is; `message` is safe for clients. */
export class FormFailure extends Error {
  override readonly name = "FormFailure";
}

const lf = 0x0a;
const cr = 0x0d;
const dash = 0x2d;

const maxHeadBytes = 16 * 1024;

/**
 * Reads a `multipart/form-data` body into offsets, decoding nothing but the heads of its parts.
 *
 * Lines may end with CRLF or LF. Text before the first boundary and after the last is no part. Throws `FormFailure`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
export function readForm(body: Uint8Array, contentType: string): MultipartForm {
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) throw new FormFailure("the content type names no boundary");
  const delimiter = needle(`--${boundary}`);
  const parts: FormPart[] = [];
  let line = nextDelimiter(body, delimiter, 0);
  if (line === undefined) throw new FormFailure("the body does not hold the boundary of its content type");
  while (!line.isLast) {
    const next = nextDelimiter(body, delimiter, line.end);
    if (next === undefined) throw new FormFailure("the body ends before its last boundary");
    parts.push(readPart(body, line.end, next.start));
    line = next;
  }
  return { boundary, parts };
}

function boundaryOf(contentType: string): string | undefined {
  const found = /;\s*boundary=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(contentType);
  const boundary = found?.[1]?.replaceAll(/\\(.)/g, "$1") ?? found?.[2];
  return boundary === "" ? undefined : boundary;
}

/** `start`: where the content before it ends. `end`: where the line after it begins. */
interface Delimiter {
  readonly start: number;
  readonly end: number;
  readonly isLast: boolean;
}

function nextDelimiter(body: Uint8Array, delimiter: Buffer, from: number): Delimiter | undefined {
  for (let at = indexOfBytes(body, delimiter, from); at >= 0; at = indexOfBytes(body, delimiter, at + 1)) {
    if (at > 0 && body[at - 1] !== lf) continue;
    let end = at + delimiter.length;
    const isLast = body[end] === dash && body[end + 1] === dash;
    if (isLast) end += 2;
    while (body[end] === 0x20 || body[end] === 0x09) end++;
    if (body[end] === cr) end++;
    const isLineEnd = body[end] === lf || end >= body.length;
    if (!isLineEnd || (!isLast && end >= body.length)) continue;
    return { start: lineBreakBefore(body, at, from), end: end + 1, isLast };
  }
  return undefined;
}

function lineBreakBefore(body: Uint8Array, at: number, from: number): number {
  const beforeLf = Math.max(at - 1, from);
  return beforeLf > from && body[beforeLf - 1] === cr ? beforeLf - 1 : beforeLf;
}

const endOfHead = needle("\r\n\r\n");
const endOfBareHead = needle("\n\n");

function readPart(body: Uint8Array, start: number, end: number): FormPart {
  // A part without any header begins with the blank line.
  const blank = startsWith(body, needle("\r\n"), start) ? 2 : body[start] === lf ? 1 : 0;
  if (blank > 0) {
    return part("", start, start, start + blank, end);
  }
  const crlf = indexOfBytes(body, endOfHead, start);
  const bare = indexOfBytes(body, endOfBareHead, start);
  const isBare = crlf < 0 || (bare >= 0 && bare < crlf);
  const headEnd = isBare ? bare : crlf;
  if (headEnd < 0 || headEnd > end)
    throw new FormFailure("a part of the form has no blank line after its headers");
  if (headEnd - start > maxHeadBytes) throw new FormFailure("the headers of a part of the form are too long");
  const head = decodeText(body.subarray(start, headEnd));
  return part(head, start, headEnd, Math.min(headEnd + (isBare ? 2 : 4), end), end);
}

function part(
  head: string,
  headStart: number,
  headEnd: number,
  contentStart: number,
  contentEnd: number,
): FormPart {
  const disposition = /^content-disposition:(.*(?:\r?\n[ \t].*)*)/im.exec(head)?.[1] ?? "";
  const name = parameter(disposition, "name") ?? "";
  const fileName = parameter(disposition, "filename") ?? parameter(disposition, "filename\\*");
  return { name, fileName, headStart, headEnd, contentStart, contentEnd };
}

function parameter(disposition: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]*))`, "i").exec(disposition);
  // Browsers escape a quote as %22, others with a backslash.
  return found?.[1]?.replaceAll(/\\(["\\])/g, "$1").replaceAll("%22", '"') ?? found?.[2];
}

export function partText(body: Uint8Array, part: FormPart): string {
  return decodeText(body.subarray(part.contentStart, part.contentEnd));
}

/** Text of the last part of that name, as most servers read it. */
export function formValue(body: Uint8Array, form: MultipartForm, name: string): string | undefined {
  const found = form.parts.findLast((part) => part.name === name);
  return found === undefined ? undefined : partText(body, found);
}

/**
 * Writes a form anew with another value in every part of one name; the other parts keep their headers and bytes.
 * The boundary is new, since a value could hold the old one.
 */
export function writeForm(
  body: Uint8Array,
  form: MultipartForm,
  change: { readonly name: string; readonly value: string },
): { readonly body: Uint8Array; readonly contentType: string } {
  const boundary = `aigw-${crypto.randomUUID()}`;
  const opening = encodeText(`--${boundary}\r\n`);
  const changed = encodeText(
    `Content-Disposition: form-data; name="${change.name}"\r\n\r\n${change.value}\r\n`,
  );
  const blank = encodeText("\r\n\r\n");
  const lineEnd = encodeText("\r\n");
  const pieces: Uint8Array[] = [];
  for (const part of form.parts) {
    pieces.push(opening);
    if (part.name === change.name) {
      pieces.push(changed);
      continue;
    }
    const head = body.subarray(part.headStart, part.headEnd);
    pieces.push(head, head.length === 0 ? lineEnd : blank);
    pieces.push(body.subarray(part.contentStart, part.contentEnd), lineEnd);
  }
  pieces.push(encodeText(`--${boundary}--\r\n`));
  return { body: joinBytes(pieces), contentType: `multipart/form-data; boundary=${boundary}` };
}
