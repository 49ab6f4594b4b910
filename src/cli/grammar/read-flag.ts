import { UsageError } from "../failure.ts";
import type { AnyFlagValue, Flag } from "./flag.ts";

const truths: { readonly [word: string]: boolean } = {
  true: true,
  "1": true,
  yes: true,
  false: false,
  "0": false,
  no: false,
};

/** The value of `--name` from its text; `variable` is set if the text came from there. Throws `UsageError`. */
export function readFlag(name: string, flag: Flag, text: string, variable?: string): AnyFlagValue {
  const origin = variable === undefined ? "" : ` (from envar ${variable}=${JSON.stringify(text)})`;
  const wrong = (problem: string) => new UsageError(`--${name}${problem}${origin}`);
  switch (flag.type) {
    case "text":
      return text === "" ? undefined : text;
    case "list":
      return text === "" ? [] : [text];
    case "switch": {
      const value = truths[text.toLowerCase()];
      if (value === undefined) {
        throw wrong(`: bool value must be true, 1, yes, false, 0 or no but got ${JSON.stringify(text)}`);
      }
      return value;
    }
    case "choice":
      if (!flag.choices.includes(text)) {
        const choices = flag.choices.map((choice) => `"${choice}"`).join(",");
        throw wrong(` must be one of ${choices} but got ${JSON.stringify(text)}`);
      }
      return text;
    case "integer": {
      if (!/^[+-]?\d+$/.test(text))
        throw wrong(`: expected a valid 64 bit int but got ${JSON.stringify(text)}`);
      const value = Number(text);
      if (value < flag.min || value > flag.max) {
        throw wrong(`: expected a number from ${flag.min} to ${flag.max} but got ${text}`);
      }
      return value;
    }
  }
}

/** The value of a flag that the line does not have: its variable's, else its default. An empty variable counts as unset. */
export function readAbsentFlag(
  name: string,
  flag: Flag,
  environment: { readonly [name: string]: string | undefined },
): AnyFlagValue {
  const text = flag.variable === undefined ? undefined : environment[flag.variable];
  if (text !== undefined && text !== "") return readFlag(name, flag, text, flag.variable);
  if (flag.type === "switch") return false;
  if (flag.type === "list") return [];
  return flag.type === "text" ? undefined : flag.default;
}
