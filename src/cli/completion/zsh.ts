import type { Command } from "../grammar/command.ts";
import type { Flag } from "../grammar/flag.ts";
import { globalFlags } from "../grammar/flags.ts";
import { type FlagEntry, flagEntries } from "./entries.ts";

/** Works as a file `_aigw` in `$fpath` and when it is sourced. */
export function writeZshCompletion(commands: readonly Command[]): string {
  return `#compdef aigw
# zsh completion for aigw, loaded by: source <(aigw completion zsh)
_aigw() {
  local curcontext="$curcontext" state line
  local -a everywhere commands
  everywhere=(
    '(- *)'{-h,--help}'[Show help for aigw or for a command]'
${specifications(flagEntries(globalFlags), 4)}
  )
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(":", "\\:")}`)}`).join("\n")}
  )
  _arguments -C $everywhere '1: :->command' '*:: :->words' && return
  case $state in
    command) _describe command commands ;;
    words)
      case $words[1] in
${commands.map(commandCase).join("\n")}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _aigw ]]; then
  _aigw "$@"
else
  compdef _aigw aigw
fi
`;
}

function commandCase({ name, flags, argument }: Command): string {
  const lines = [specifications(flagEntries(flags), 10)];
  if (argument !== undefined) {
    const position = argument.isRepeated ? "*" : "1";
    const action = argument.choices === undefined ? "_files" : `(${argument.choices.join(" ")})`;
    lines.push(`          ${quote(`${position}:${argument.name}:${action}`)}`);
  }
  const own = lines.filter((line) => line !== "").join(" \\\n");
  return `        ${name})
          _arguments $everywhere${own === "" ? "" : ` \\\n${own}`}
          ;;`;
}

/** One argument of `_arguments` a line, joined so that they go on on the next line. */
function specifications(entries: readonly FlagEntry[], indent: number): string {
  const glue = indent === 4 ? "\n" : " \\\n";
  return entries.map(({ name, flag }) => " ".repeat(indent) + quote(specification(name, flag))).join(glue);
}

function specification(name: string, flag: Flag): string {
  const description = `[${flag.description.replaceAll(/[[\]\\]/g, "\\$&")}]`;
  if (flag.type === "switch") return `--${name}${description}`;
  return `--${name}=${description}:${name}:${action(flag)}`;
}

function action(flag: Flag): string {
  if (flag.type === "choice") return `(${flag.choices.join(" ")})`;
  if (flag.type !== "text" || flag.completes === undefined) return " ";
  return flag.completes === "directory" ? "_files -/" : "_files";
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
