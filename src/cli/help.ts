import type { Command } from "./grammar/command.ts";
import type { Argument, Flag, Flags } from "./grammar/flag.ts";
import { globalFlags } from "./grammar/flags.ts";

/** What `aigw --help` or `aigw COMMAND --help` prints, wrapped at `columns`. */
export function writeHelp(
  commands: readonly Command[],
  command: Command | undefined,
  columns: number,
): string {
  return command === undefined ? writeRootHelp(commands, columns) : writeCommandHelp(command, columns);
}

function writeRootHelp(commands: readonly Command[], columns: number): string {
  const sections = [
    "Usage: aigw <command> [flags]",
    "An AI gateway for one machine, configured like Envoy AI Gateway.",
    `Flags:\n${writeFlags([globalFlags], columns)}`,
    "Commands:",
    ...commands.map((command) => {
      const summary = wrap(command.summary, columns - 4).map((line) => `    ${line}`);
      return [`  ${usageOf(command)}`, ...summary].join("\n");
    }),
    'Run "aigw <command> --help" for more about a command.',
  ];
  // The first command follows its heading without an empty line.
  return `${sections.join("\n\n").replace("Commands:\n\n", "Commands:\n")}\n`;
}

function writeCommandHelp(command: Command, columns: number): string {
  const { argument } = command;
  const sections = [`Usage: aigw ${usageOf(command)}`, wrap(command.summary, columns).join("\n")];
  if (argument !== undefined) {
    sections.push(`Arguments:\n${writeColumns([[[shapeOf(argument), argument.description]]], columns)}`);
  }
  const groups = [...(command.hasOwnGrammar ? [] : [globalFlags]), command.flags];
  sections.push(`Flags:\n${writeFlags(groups.filter(hasAny), columns)}`);
  return `${sections.join("\n\n")}\n`;
}

function hasAny(flags: Flags): boolean {
  return Object.keys(flags).length > 0;
}

/** `run [<path>] [flags]` */
export function usageOf({ name, argument, takesCommandLine }: Command): string {
  const words = argument === undefined ? [] : [shapeOf(argument)];
  return [name, ...words, "[flags]", ...(takesCommandLine ? ["-- <command> ..."] : [])].join(" ");
}

function shapeOf({ name, isRequired, isRepeated }: Argument): string {
  const shape = isRequired ? `<${name}>` : `[<${name}>]`;
  return isRepeated ? `${shape} ...` : shape;
}

/** `--admin-port=1064`: the value shows the default or the kind of text that is wanted. */
export function placeholderOf(name: string, flag: Flag): string {
  if (flag.type === "switch") return `--${name}`;
  if (flag.type === "list") return `--${name}=STRING ...`;
  return `--${name}=${flag.type === "text" ? "STRING" : flag.default}`;
}

/** The description with its variable, as a sentence. */
export function describeFlag({ description, variable }: Flag): string {
  return variable === undefined ? `${description}.` : `${description} ($${variable}).`;
}

type Row = readonly [left: string, text: string];

function writeFlags(groups: readonly Flags[], columns: number): string {
  const rows = groups.map((flags) =>
    Object.entries(flags).map(
      ([name, flag]): Row => [`    ${placeholderOf(name, flag)}`, describeFlag(flag)],
    ),
  );
  rows[0]?.unshift(["-h, --help", "Show help for aigw or for a command."]);
  return writeColumns(rows, columns);
}

/** A left column of at most 30 characters, as wide in every group; what is longer has its text on the next line. */
function writeColumns(groups: readonly (readonly Row[])[], columns: number): string {
  const widestAllowed = 30 - indent - gap;
  const fitting = groups.flat().map(([left]) => left.length);
  const margin = indent + Math.max(...fitting.filter((length) => length <= widestAllowed), 0) + gap;
  const writeRow = ([left, text]: Row) => {
    const [first = "", ...others] = wrap(text, columns - margin);
    const head = " ".repeat(indent) + left;
    const top = left.length <= widestAllowed ? head.padEnd(margin) : `${head}\n${" ".repeat(margin)}`;
    return [top + first, ...others.map((line) => " ".repeat(margin) + line)].join("\n");
  };
  return groups.map((rows) => rows.map(writeRow).join("\n")).join("\n\n");
}

const indent = 2;
const gap = 4;

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
