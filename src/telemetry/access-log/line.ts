import type { AccessLog } from "../../model/access-log.ts";
import type { Template } from "../../model/values.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { RequestRecord } from "../request-record.ts";
import type { Resolve, Value } from "./metadata.ts";
import { compileOperator } from "./operators.ts";

/** Writes one record as one line, with the line break. */
export type WriteLine = (record: RequestRecord) => string;

/** `mapped`: the request headers that logs may name as metadata. */
export function compileLine(format: AccessLog["format"], mapped: readonly HeaderAttribute[]): WriteLine {
  return format.type === "json" ? compileJson(format.members, mapped) : compileText(format.text, mapped);
}

/**
 * A member that is one operator keeps its type, `null` where there is no value; mixed text is a string with `-` there.
 * Members are sorted by name, and all that is constant is put together once.
 */
function compileJson(
  members: readonly (readonly [string, Template])[],
  mapped: readonly HeaderAttribute[],
): WriteLine {
  const heads: string[] = [];
  const resolves: Resolve[] = [];
  let constant = "{";
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, [name, template]] of sorted.entries()) {
    constant += `${index === 0 ? "" : ","}${JSON.stringify(name)}:`;
    const resolve = compileMember(template, mapped);
    if (typeof resolve === "string") constant += JSON.stringify(resolve);
    else {
      heads.push(constant);
      resolves.push(resolve);
      constant = "";
    }
  }
  const tail = `${constant}}\n`;
  const writes = resolves.map(memoizedJson);
  return (record) => {
    let line = "";
    for (let index = 0; index < heads.length; index++)
      line += heads[index]! + writes[index]!(resolves[index]!(record));
    return line + tail;
  };
}

/** Members by name, in its order, each as what reads its value. */
export function compileMembers(
  members: readonly (readonly [string, Template])[],
  mapped: readonly HeaderAttribute[],
): readonly (readonly [name: string, resolve: Resolve])[] {
  return members.map(([name, template]) => {
    const resolve = compileMember(template, mapped);
    return [name, typeof resolve === "string" ? () => resolve : resolve];
  });
}

/** The text itself where a member holds no operator. */
function compileMember(template: Template, mapped: readonly HeaderAttribute[]): string | Resolve {
  const [only] = template;
  if (only === undefined) return "";
  if (template.length > 1) return joinParts(template, mapped, writePlain);
  return typeof only === "string" ? only : compileOperator(only, mapped);
}

export function compileText(template: Template, mapped: readonly HeaderAttribute[]): WriteLine {
  const write = joinParts(template, mapped, writeOneLine);
  const last = template.at(-1);
  return typeof last === "string" && last.endsWith("\n") ? write : (record) => `${write(record)}\n`;
}

function joinParts(
  template: Template,
  mapped: readonly HeaderAttribute[],
  write: (value: Value) => string,
): (record: RequestRecord) => string {
  const parts = template.map((part) => (typeof part === "string" ? part : compileOperator(part, mapped)));
  return (record) => {
    let text = "";
    for (const part of parts) text += typeof part === "string" ? part : write(part(record));
    return text;
  };
}

/** Most members say the same for request after request, and quoting costs more than comparing. */
function memoizedJson(): (value: Value) => string {
  let lastValue: Value;
  let lastText = "null";
  return (value) => {
    if (value === lastValue) return lastText;
    lastValue = value;
    lastText =
      typeof value === "string" ? JSON.stringify(value) : value === undefined ? "null" : String(value);
    return lastText;
  };
}

function writePlain(value: Value): string {
  return value === undefined ? "-" : String(value);
}

/** Line breaks and control characters are escaped, so that no client can forge a line. */
function writeOneLine(value: Value): string {
  const text = writePlain(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
  return /[\x00-\x1f\x7f]/.test(text) ? text.replace(/[\x00-\x1f\x7f]/g, escapeControl) : text;
}

function escapeControl(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
