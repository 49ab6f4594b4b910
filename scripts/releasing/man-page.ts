import type { Command } from "../../src/cli/grammar/command.ts";
import type { Flags } from "../../src/cli/grammar/flag.ts";
import { globalFlags } from "../../src/cli/grammar/flags.ts";
import { commands } from "../../src/cli/grammar/table.ts";
import { describeFlag, placeholderOf, usageOf } from "../../src/cli/help.ts";

/** `aigw(1)` in roff, from the table of commands. */
export function writeManPage(version: string, date: Date): string {
  const day = date.toISOString().slice(0, 10);
  return `${[
    `.TH AIGW 1 "${day}" "aigw ${roff(version)}" "User Commands"`,
    ".SH NAME",
    "aigw \\- an AI gateway for one machine",
    ".SH SYNOPSIS",
    ".B aigw",
    "\\fIcommand\\fR [\\fIflags\\fR]",
    ".SH DESCRIPTION",
    roff(
      "aigw stands between applications and the providers of language models: it speaks their clients' APIs, holds keys, " +
        "picks providers by model, counts tokens, and aggregates MCP servers. It is configured like Envoy AI Gateway, by " +
        "a file or by the variables of providers' SDKs.",
    ),
    ".SH COMMANDS",
    ...commands.flatMap(writeCommand),
    ".SH FLAGS OF EVERY COMMAND",
    ...writeFlags(globalFlags),
    ".SH EXIT STATUS",
    ...entry("0", "all is well"),
    ...entry("1", "the command failed, and said why on stderr"),
    ...entry("80", "the line cannot be run as it was typed"),
    roff("exec ends with the status of its command."),
    ".SH FILES",
    ...entry("~/.config/aigw/config.yaml", "resources for aigw run without a path"),
    ...entry("~/.local/state/aigw", "logs and generated files of runs"),
    ".SH EXAMPLES",
    ...entry("OPENAI_API_KEY=sk-… aigw run", "a gateway for one provider on port 1975"),
    ...entry("aigw run config.yaml", "a gateway for what the file says"),
    ...entry("aigw exec -- npm test", "tests whose calls go through a gateway, and a summary of them"),
    ".SH SEE ALSO",
    ".BR envoy (1)",
  ].join("\n")}\n`;
}

function writeCommand(command: Command): string[] {
  const { argument, flags, summary } = command;
  return [
    `.SS "aigw ${roff(usageOf(command))}"`,
    roff(summary),
    ...(argument === undefined ? [] : entry(argument.name, argument.description)),
    ...writeFlags(flags),
  ];
}

function writeFlags(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, flag]) =>
    entry(placeholderOf(name, flag), describeFlag(flag)),
  );
}

function entry(term: string, text: string): string[] {
  return [".TP", `\\fB${roff(term)}\\fR`, roff(text)];
}

/** Text as text: no character of it means anything to roff. */
function roff(text: string): string {
  const escaped = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq");
  const ascii = escaped.replaceAll(/[^\0-\x7f]/gu, (character) => `\\[u${codeOf(character)}]`);
  return ascii.replace(/^(?=[.'])/, "\\&");
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}
