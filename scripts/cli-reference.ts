import { join } from "node:path";
import type { Command } from "../src/cli/grammar/command.ts";
import type { Flags } from "../src/cli/grammar/flag.ts";
import { globalFlags } from "../src/cli/grammar/flags.ts";
import { commands } from "../src/cli/grammar/table.ts";
import { describeFlag, placeholderOf, usageOf } from "../src/cli/help.ts";

export const referencePath = join(import.meta.dirname, "../docs/cli.md");

/** The page of all commands and flags, from the same table as help and parsing. */
export function writeReference(): string {
  return [
    "# Command line",
    "",
    "Written by `bun scripts/cli-reference.ts` from the table of commands; a test compares both.",
    "",
    "Exit codes: 0 is fine, 1 failed, 80 is a line that cannot be run as it was typed. A flag wins over its variable,",
    "and an empty variable counts as unset.",
    "",
    "## Everywhere",
    ...writeFlags(globalFlags),
    ...commands.flatMap(writeCommand),
    "",
  ].join("\n");
}

function writeCommand(command: Command): string[] {
  const { argument, flags, summary } = command;
  const words = argument === undefined ? [] : ["", `\`${argument.name}\`: ${argument.description}`];
  return ["", `## \`aigw ${usageOf(command)}\``, "", summary, ...words, ...writeFlags(flags)];
}

function writeFlags(flags: Flags): string[] {
  const rows = Object.entries(flags).map(
    ([name, flag]) => `| \`${placeholderOf(name, flag)}\` | ${describeFlag(flag).replaceAll("<", "&lt;")} |`,
  );
  return rows.length === 0 ? [] : ["", "| flag | meaning |", "| --- | --- |", ...rows];
}

if (import.meta.main) await Bun.write(referencePath, writeReference());
