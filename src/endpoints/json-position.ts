/**
 * Where a text stops being JSON, as `line 3, column 14`; `undefined` for one that is JSON.
 * Runs only after a parser has refused the text: the runtimes' own messages name no place, or quote the text.
 */
export function jsonErrorPosition(text: string): string | undefined {
  const at = firstError(text);
  if (at === undefined) return undefined;
  const lines = text.slice(0, at).split(/\r\n|\r|\n/);
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

type Expected = "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end";

function firstError(text: string): number | undefined {
  const open: string[] = [];
  let expected: Expected = "value";
  for (let at = skipSpace(text, 0); ; ) {
    if (open.length === 0 && expected === "comma or end") return at === text.length ? undefined : at;
    const next = step(expected, text[at] ?? "", open);
    if (next === undefined) return at;
    const token = readToken(text, at);
    if (token.isBroken) return token.end;
    expected = next;
    at = skipSpace(text, token.end);
  }
}

function skipSpace(text: string, at: number): number {
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return at;
}

/** What may follow the token that begins with `first`; `undefined` if it may not stand here. */
function step(expected: Expected, first: string, open: string[]): Expected | undefined {
  const wantsValue = expected === "value" || expected === "value or end";
  switch (first) {
    case "{":
    case "[":
      if (!wantsValue) return undefined;
      open.push(first);
      return first === "{" ? "key or end" : "value or end";
    case "}":
    case "]": {
      const isOpen = open.pop() === (first === "}" ? "{" : "[");
      return isOpen && expected.endsWith("end") ? "comma or end" : undefined;
    }
    case ",":
      if (expected !== "comma or end") return undefined;
      return open.at(-1) === "{" ? "key" : "value";
    case ":":
      return expected === "colon" ? "value" : undefined;
    case '"':
      if (expected === "key" || expected === "key or end") return "colon";
      return wantsValue ? "comma or end" : undefined;
    default:
      return wantsValue ? "comma or end" : undefined;
  }
}

/** `end`: after the token, or where it is broken. */
interface Token {
  readonly end: number;
  readonly isBroken: boolean;
}

const scalar = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])/y;

function readToken(text: string, at: number): Token {
  const first = text[at];
  if (first === '"') return readString(text, at + 1);
  if (first !== undefined && "{}[],:".includes(first)) return { end: at + 1, isBroken: false };
  scalar.lastIndex = at;
  return scalar.test(text) ? { end: scalar.lastIndex, isBroken: false } : { end: at, isBroken: true };
}

const escaped = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

function readString(text: string, from: number): Token {
  for (let at = from; at < text.length; ) {
    const char = text[at] ?? "";
    if (char === '"') return { end: at + 1, isBroken: false };
    if (char < " ") return { end: at, isBroken: true };
    if (char !== "\\") {
      at++;
      continue;
    }
    escaped.lastIndex = at;
    if (!escaped.test(text)) return { end: at, isBroken: true };
    at = escaped.lastIndex;
  }
  return { end: text.length, isBroken: true };
}
