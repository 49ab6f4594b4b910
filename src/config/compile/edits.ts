import type { BodyEdit, HeaderEdits } from "../../model/values.ts";
import type { Path, Report } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import type { BodyMutation, HeaderMutation } from "../resources/ai-gateway/mutations.ts";

/** One level of edits: what an AIServiceBackend or a reference to it writes, and where. */
interface Level<M> {
  readonly mutation: M | undefined;
  readonly resource: Resource;
  readonly path: Path;
}

/**
 * Header edits of a backend and of the reference to it, merged. The reference wins for a whole name: whatever the
 * backend does to that header is dropped. Order: the backend's entries, then the reference's.
 */
export function mergeHeaderEdits(
  backend: Level<HeaderMutation>,
  reference: Level<HeaderMutation>,
  report: Report,
): HeaderEdits {
  const below = readHeaders(backend, report);
  const above = readHeaders(reference, report);
  const taken = new Set([...above.remove, ...above.set.map(([name]) => name)]);
  return {
    remove: [...below.remove.filter((name) => !taken.has(name)), ...above.remove],
    set: [...below.set.filter(([name]) => !taken.has(name)), ...above.set],
    add: [],
  };
}

/** Headers that belong to the gateway; names are lower-case. */
export const untouchable = /^(:|x-ai-eg-|x-envoy-original-path$)/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header value must not have.
const unsendable = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

/** Whether a text can be the value of a header: no line breaks, nothing beyond Latin-1. */
export function isHeaderValue(text: string): boolean {
  return !unsendable.test(text);
}

function readHeaders({ mutation, resource, path }: Level<HeaderMutation>, report: Report) {
  const isOurs = (name: string, at: Path) => {
    if (!untouchable.test(name)) return false;
    const message = `${JSON.stringify(name)} belongs to the gateway and is left alone`;
    report.warning(originOf(resource, [...path, ...at]), "header-untouchable", message);
    return true;
  };
  const remove: string[] = [];
  const set: [string, string][] = [];
  for (const [index, header] of (mutation?.remove ?? []).entries()) {
    const name = header.toLowerCase();
    if (!isOurs(name, ["remove", index]) && !remove.includes(name)) remove.push(name);
  }
  for (const [index, { name: header, value }] of (mutation?.set ?? []).entries()) {
    const name = header.toLowerCase();
    if (isOurs(name, ["set", index, "name"])) continue;
    if (!isHeaderValue(value)) {
      const origin = originOf(resource, [...path, "set", index, "value"]);
      report.error(origin, "header-value", "holds a character that a header value cannot have");
    }
    set.push([name, value]);
  }
  return { remove, set };
}

/** Body edits of a backend and of the reference to it; the reference wins for a whole path. */
export function mergeBodyEdits(
  backend: Level<BodyMutation>,
  reference: Level<BodyMutation>,
  report: Report,
): BodyEdit[] {
  const below = readBody(backend, report);
  const above = readBody(reference, report);
  const taken = new Set(above.map(({ text }) => text));
  const kept = [...below.filter(({ text }) => !taken.has(text)), ...above].map(({ edit }) => edit);
  return [...kept.filter(({ op }) => op === "remove"), ...kept.filter(({ op }) => op === "set")];
}

interface ReadEdit {
  /** The path as written: what two levels are compared by. */
  readonly text: string;
  readonly edit: BodyEdit;
}

function readBody({ mutation, resource, path }: Level<BodyMutation>, report: Report): ReadEdit[] {
  const edits: ReadEdit[] = [];
  const steps = (text: string, at: Path): string[] | undefined => {
    const read = readBodyPath(text);
    if (read.steps === undefined)
      report.error(originOf(resource, [...path, ...at]), "body-path", read.problem);
    return read.steps;
  };
  for (const [index, text] of (mutation?.remove ?? []).entries()) {
    const read = steps(text, ["remove", index]);
    if (read !== undefined) edits.push({ text, edit: { op: "remove", path: read } });
  }
  for (const [index, { path: text, value }] of (mutation?.set ?? []).entries()) {
    const read = steps(text, ["set", index, "path"]);
    const json = readBodyValue(value);
    if (json.isBroken) {
      const origin = originOf(resource, [...path, "set", index, "value"]);
      report.warning(origin, "body-value", "looks like JSON but is none, so it is set as text");
    }
    if (read !== undefined) edits.push({ text, edit: { op: "set", path: read, json: json.text } });
  }
  return edits;
}

/** `a.b\.c.0` to `["a", "b.c", "0"]`. */
export function readBodyPath(
  text: string,
): { steps: string[]; problem?: never } | { steps?: never; problem: string } {
  const steps: string[] = [""];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\\" && at + 1 < text.length) steps.push(`${steps.pop()}${text[++at]}`);
    else if (character === ".") steps.push("");
    else if ("*?#|".includes(character)) {
      return {
        problem: `${JSON.stringify(text)} holds ${character}, but a path names one field; write \\${character} for the character`,
      };
    } else steps.push(`${steps.pop()}${character}`);
  }
  if (steps.includes("")) return { problem: `${JSON.stringify(text)} has an empty step` };
  return { steps };
}

/** JSON stays JSON text; anything else becomes a JSON string. */
export function readBodyValue(value: string): { readonly text: string; readonly isBroken: boolean } {
  const trimmed = value.trim();
  try {
    JSON.parse(trimmed);
    return { text: trimmed, isBroken: false };
  } catch {
    return { text: JSON.stringify(value), isBroken: /^(\{.*\}|\[.*\])$/s.test(trimmed) };
  }
}
