import type { Command } from "../grammar/command.ts";
import type { Flag } from "../grammar/flag.ts";
import { globalFlags } from "../grammar/flags.ts";
import { flagEntries } from "./entries.ts";

export function writeFishCompletion(commands: readonly Command[]): string {
  const lines = [
    "# fish completion for aigw, loaded by: aigw completion fish | source",
    "complete -c aigw -f",
    "complete -c aigw -s h -l help -d 'Show help for aigw or for a command'",
    ...flagEntries(globalFlags).map(({ name, flag }) => flagLine(undefined, name, flag)),
    ...commands.flatMap(commandLines),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines({ name, summary, flags, argument }: Command): string[] {
  const lines = [`complete -c aigw -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`];
  lines.push(...flagEntries(flags).map((entry) => flagLine(name, entry.name, entry.flag)));
  if (argument === undefined) return lines;
  const words = argument.choices === undefined ? "-F" : `-a ${quote(argument.choices.join(" "))}`;
  return [...lines, `complete -c aigw -n ${quote(`__fish_seen_subcommand_from ${name}`)} ${words}`];
}

function flagLine(command: string | undefined, name: string, flag: Flag): string {
  const condition = command === undefined ? "" : ` -n ${quote(`__fish_seen_subcommand_from ${command}`)}`;
  return `complete -c aigw${condition} -l ${name}${value(flag)} -d ${quote(flag.description)}`;
}

function value(flag: Flag): string {
  switch (flag.type) {
    case "switch":
      return "";
    case "choice":
      return ` -x -a ${quote(flag.choices.join(" "))}`;
    case "integer":
    case "list":
      return " -x";
    case "text":
      if (flag.completes === "file") return " -r -F";
      return flag.completes === "directory" ? " -x -a '(__fish_complete_directories)'" : " -x";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
