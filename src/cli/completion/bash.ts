import type { Command } from "../grammar/command.ts";
import { globalFlags } from "../grammar/flags.ts";
import { everyFlag, type FlagEntry } from "./entries.ts";

/** For bash 3.2 and later, as macOS has it: no associative arrays, no `mapfile`. */
export function writeBashCompletion(commands: readonly Command[]): string {
  return `# bash completion for aigw, loaded by: source <(aigw completion bash)
_aigw() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  # Bash takes "--flag=value" apart at the equal sign.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  local command="" word index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      ${valueFlags(commands)})
        [[ \${COMP_WORDS[index+1]} == "=" ]] && index=$((index + 1))
        index=$((index + 1))
        ;;
      -*) ;;
      *) command="$word"; break ;;
    esac
  done
  COMPREPLY=()
  case "$previous" in
${valueCases(commands)}
  esac
  local words=""
  case "$command" in
${commandCases(commands)}
  esac
}

_aigw_words() {
  COMPREPLY=($(compgen -W "$2" -- "$1"))
}

_aigw_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$2" -- "$1"))
}

complete -F _aigw aigw
`;
}

function valueFlags(commands: readonly Command[]): string {
  const taking = everyFlag(commands).filter(({ flag }) => flag.type !== "switch");
  return taking.map(({ name }) => `--${name}`).join(" | ");
}

function valueCases(commands: readonly Command[]): string {
  const lines = everyFlag(commands).map(({ name, flag }) => {
    if (flag.type === "switch") return undefined;
    return `    --${name}) ${completeValue(flag)} ;;`;
  });
  return lines.filter((line) => line !== undefined).join("\n");
}

function completeValue(flag: FlagEntry["flag"]): string {
  if (flag.type === "choice") return `_aigw_words "$current" "${flag.choices.join(" ")}"; return`;
  if (flag.type !== "text" || flag.completes === undefined) return "return";
  return `_aigw_paths "$current" ${flag.completes === "directory" ? "-d" : "-f"}; return`;
}

function commandCases(commands: readonly Command[]): string {
  const root = [...commands.map(({ name }) => name), ...flagWords(globalFlags)].join(" ");
  const cases = commands.map(({ name, flags, argument }) => {
    const words = [...(argument?.choices ?? []), ...flagWords({ ...globalFlags, ...flags })].join(" ");
    const takesFiles = argument !== undefined && argument.choices === undefined;
    const complete = takesFiles
      ? `if [[ $current == -* ]]; then _aigw_words "$current" "${words}"; else _aigw_paths "$current" -f; fi`
      : `_aigw_words "$current" "${words}"`;
    return `    ${name}) ${complete} ;;`;
  });
  return [`    "") _aigw_words "$current" "${root}" ;;`, ...cases].join("\n");
}

function flagWords(flags: { readonly [name: string]: unknown }): string[] {
  return [...Object.keys(flags).map((name) => `--${name}`), "--help"];
}
