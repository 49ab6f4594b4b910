import type { AnyFlagValue, Flag, Flags, FlagValues } from "../grammar/flag.ts";

/** A line that Go's `flag` package would refuse, in its words. */
export class GoFlagError extends Error {
  override readonly name = "GoFlagError";
}

/**
 * Reads words as Go's `flag` package does: `-name value`, `-name=value`, `--name …`; switches take a value only behind
 * `=`; the first word that is no flag ends the reading. `help`: that was asked for.
 *
 * Texts that are not given are `undefined`, unlike those that are given and empty.
 */
export function readGoFlags<const F extends Flags>(
  words: readonly string[],
  flags: F,
): FlagValues<F> | "help" {
  const values: { [name: string]: AnyFlagValue } = {};
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (!word.startsWith("-") || word === "-" || word === "--") break;
    const [, name = "", inline] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === "" || name.startsWith("-")) throw new GoFlagError(`bad flag syntax: ${word}`);
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined) {
      if (name === "h" || name === "help") return "help";
      throw new GoFlagError(`flag provided but not defined: -${name}`);
    }
    let text = inline;
    if (text === undefined && flag.type !== "switch") {
      at += 1;
      text = words[at];
      if (text === undefined) throw new GoFlagError(`flag needs an argument: -${name}`);
    }
    values[name] = readValue(name, flag, text);
  }
  for (const [name, flag] of Object.entries(flags)) {
    if (!Object.hasOwn(values, name)) values[name] = defaultOf(flag);
  }
  // Every flag of this very table has a value of its type.
  return values as FlagValues<F>;
}

function defaultOf(flag: Flag): AnyFlagValue {
  if (flag.type === "switch") return false;
  if (flag.type === "list") return [];
  return flag.type === "text" ? undefined : flag.default;
}

function readValue(name: string, flag: Flag, text: string | undefined): AnyFlagValue {
  switch (flag.type) {
    case "list":
      return text === undefined ? [] : [text];
    case "switch":
      return text === undefined || readBool(name, text);
    case "integer": {
      const value = readGoInt(text ?? "");
      if (value === undefined || value < flag.min || value > flag.max) {
        const reason = value === undefined ? "parse error" : `must be from ${flag.min} to ${flag.max}`;
        throw new GoFlagError(`invalid value ${JSON.stringify(text)} for flag -${name}: ${reason}`);
      }
      return value;
    }
    case "choice":
    case "text":
      return text;
  }
}

function readBool(name: string, text: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new GoFlagError(`invalid boolean value ${JSON.stringify(text)} for -${name}: parse error`);
}

/** A whole number as Go writes them: `0x1f`, `0b11`, `0o17`, `017`, `1_000`. `undefined` for what is none. */
export function readGoInt(text: string): number | undefined {
  const [, sign = "", digits = ""] = /^([+-]?)(.+)$/.exec(text) ?? [];
  const plain = digits.toLowerCase();
  if (!/^(?:0x(?:_?[\da-f])+|0b(?:_?[01])+|0o(?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?\d)*)$/.test(plain))
    return undefined;
  const joined = plain.replaceAll("_", "");
  const value = Number(/^0[0-7]+$/.test(joined) ? `0o${joined.slice(1)}` : joined);
  return sign === "-" ? -value : value;
}

const unitsMs: { readonly [unit: string]: number } = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration as Go writes them, `1m30s`, in milliseconds. `undefined` for what is none. */
export function readGoDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(amount) * (unitsMs[unit] ?? 0);
  }
  return text.startsWith("-") ? -total : total;
}
