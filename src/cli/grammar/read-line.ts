import { parseArgs } from "node:util";
import { UsageError } from "../failure.ts";
import type { Command, CommandLine } from "./command.ts";
import type { AnyFlagValue, Flag, Flags } from "./flag.ts";
import { globalFlags } from "./flags.ts";
import { readAbsentFlag, readFlag } from "./read-flag.ts";
import { didYouMean } from "./suggestion.ts";

export type Reading =
  | { readonly type: "help"; readonly command: Command | undefined }
  | { readonly type: "command"; readonly command: Command; readonly line: CommandLine };

const helpFlag: Flag = { type: "switch", description: "Show help for aigw or for a command" };

/** Reads the words behind `aigw`, left to right. Throws `UsageError` for the first that has no place. */
export function readLine(
  words: readonly string[],
  commands: readonly Command[],
  environment: { readonly [name: string]: string | undefined },
): Reading {
  const [name, ...rest] = words;
  const own = commands.find((command) => command.hasOwnGrammar && command.name === name);
  if (own !== undefined) return ownLine(own, rest);
  const implied = commands.find((command) => command.hasOwnGrammar && isFlagOf(command, name));
  if (implied !== undefined) return ownLine(implied, words);
  const walk = new Walk(commands);
  for (const token of tokenize(words, commands)) {
    if (token.kind === "positional") walk.word(token.value);
    else if (token.kind === "option") walk.flag(token);
    else if (walk.command?.takesCommandLine) {
      walk.commandLine = words.slice(token.index + 1);
      break;
    }
  }
  if (walk.isHelp) return { type: "help", command: walk.command };
  return { type: "command", ...walk.finish(environment) };
}

function ownLine(command: Command, words: readonly string[]): Reading {
  return { type: "command", command, line: { flags: {}, words, commandLine: [] } };
}

/** `-configPath …` without a command: whoever starts this in the place of the other program names none. */
function isFlagOf({ flags }: Command, word = ""): boolean {
  const [, name = ""] = /^-([a-z]+[A-Z][A-Za-z]*)(?:=|$)/.exec(word) ?? [];
  return Object.hasOwn(flags, name);
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];

/** A flag of two commands has the same type in both (a test keeps it so): whether it takes the next word is known. */
function tokenize(words: readonly string[], commands: readonly Command[]): Token[] {
  const options: NonNullable<Parameters<typeof parseArgs>[0]>["options"] = {
    help: { type: "boolean", short: "h" },
  };
  const usual = commands.filter((command) => !command.hasOwnGrammar);
  for (const flags of [globalFlags, ...usual.map((command) => command.flags)]) {
    for (const [name, { type }] of Object.entries(flags)) {
      options[name] = { type: type === "switch" ? "boolean" : "string" };
    }
  }
  const parsed = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return parsed.tokens;
}

class Walk {
  readonly #commands: readonly Command[];
  readonly #values: { [name: string]: AnyFlagValue } = {};
  readonly #words: string[] = [];
  command: Command | undefined;
  isHelp = false;
  commandLine: readonly string[] = [];

  constructor(commands: readonly Command[]) {
    this.#commands = commands;
  }

  word(word: string): void {
    if (this.command === undefined) {
      this.command = this.#commands.find(({ name }) => name === word);
      if (this.command?.hasOwnGrammar) throw new UsageError(`${word} must be the first word of the line`);
      if (this.command !== undefined) return;
      const names = this.#commands.map(({ name }) => name);
      throw new UsageError(`unexpected argument ${word}${didYouMean(word, names)}`);
    }
    const { argument } = this.command;
    const hasRoom = argument !== undefined && (argument.isRepeated || this.#words.length === 0);
    if (!hasRoom) throw new UsageError(`unexpected argument ${word}`);
    if (argument.choices !== undefined && !argument.choices.includes(word)) {
      const choices = argument.choices.map((choice) => `"${choice}"`).join(",");
      throw new UsageError(`<${argument.name}> must be one of ${choices} but got ${JSON.stringify(word)}`);
    }
    this.#words.push(word);
  }

  flag({ name, rawName, value, inlineValue }: Extract<Token, { kind: "option" }>): void {
    const known: Flags = { help: helpFlag, ...this.#flags() };
    const flag = Object.hasOwn(known, name) && isSpelledOut(name, rawName) ? known[name] : undefined;
    if (flag === undefined) {
      const names = Object.keys(known).map((known) => `--${known}`);
      throw new UsageError(`unknown flag ${rawName}${didYouMean(rawName, names)}`);
    }
    if (flag.type !== "switch" && inlineValue !== true) refuseMissing(name, flag, value);
    const read = readFlag(name, flag, value ?? "true");
    if (name === "help") this.isHelp = read === true;
    else this.#values[name] = Array.isArray(read) ? [...listOf(this.#values[name]), ...read] : read;
  }

  finish(environment: { readonly [name: string]: string | undefined }): {
    command: Command;
    line: CommandLine;
  } {
    const { command } = this;
    if (command === undefined) {
      const recommended = this.#commands.filter(({ isRecommended }) => isRecommended);
      throw new UsageError(`expected one of ${recommended.map(({ name }) => `"${name}"`).join(", ")}`);
    }
    if (command.argument?.isRequired && this.#words.length === 0) {
      throw new UsageError(`${command.name}: expected <${command.argument.name}>`);
    }
    if (command.takesCommandLine && this.commandLine.length === 0) {
      throw new UsageError(`${command.name}: expected -- and a command behind it`);
    }
    const flags: { [name: string]: AnyFlagValue } = {};
    for (const [name, flag] of Object.entries(this.#flags())) {
      const isGiven = Object.hasOwn(this.#values, name) && this.#values[name] !== undefined;
      flags[name] = isGiven ? this.#values[name] : readAbsentFlag(name, flag, environment);
    }
    return { command, line: { flags, words: this.#words, commandLine: this.commandLine } };
  }

  /** What may be written here: a command's own flags only behind its name. */
  #flags(): Flags {
    return { ...globalFlags, ...this.command?.flags };
  }
}

function listOf(value: AnyFlagValue): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function isSpelledOut(name: string, rawName: string): boolean {
  return rawName === `--${name}` || rawName === "-h";
}

/** `value` is the next word, which belongs to the flag unless it looks like a flag itself. */
function refuseMissing(name: string, flag: Flag, value: string | undefined): void {
  const wanted = `--${name}: expected ${flag.type === "integer" ? "int" : "string"} value but got`;
  if (value === undefined) throw new UsageError(`${wanted} "EOL" (<EOL>)`);
  if (!value.startsWith("-") || value === "-") return;
  const kind = value.startsWith("--") ? "long flag" : "short flag";
  throw new UsageError(`${wanted} "${value}" (${kind}); perhaps try --${name}="${value}"?`);
}
