import type { Runtime } from "../../runtime/index.ts";
import type { Terminal } from "../terminal.ts";
import type { AnyFlagValue, Argument, Flags, FlagValues } from "./flag.ts";
import type { globalFlags } from "./flags.ts";

/** The world of a command. */
export interface Host {
  readonly runtime: Runtime;
  readonly terminal: Terminal;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly workingDirectory: string;
  /** As `process.platform` says. */
  readonly platform: string;
  /** The whole table, for commands that write about it. */
  readonly commands: readonly Command[];
}

/** What a command does with its line; resolves with the exit code. */
export type CommandBody<F extends Flags = Record<never, never>> = (
  line: {
    readonly flags: FlagValues<F & typeof globalFlags>;
    readonly words: readonly string[];
    readonly commandLine: readonly string[];
  },
  host: Host,
) => Promise<number>;

export interface Command {
  readonly name: string;
  /** One sentence, with its full stop. */
  readonly summary: string;
  /** Its own; the global ones come on top. */
  readonly flags: Flags;
  readonly argument: Argument | undefined;
  /** Whether a line without a command recommends it. */
  readonly isRecommended: boolean;
  /**
   * Whether the command reads all that follows its name itself, `--help` too: a drop-in for a program with another
   * grammar. It comes first on its line then, and global flags are none of its.
   */
  readonly hasOwnGrammar: boolean;
  /** Whether a command line of another program follows behind `--`, and must. */
  readonly takesCommandLine: boolean;
  run(line: CommandLine, host: Host): Promise<number>;
}

export interface CommandLine {
  readonly flags: { readonly [name: string]: AnyFlagValue };
  readonly words: readonly string[];
  /** What is behind `--`, for commands that take it; empty for others. */
  readonly commandLine: readonly string[];
}

/** An entry of the table; `load` brings the code only when the command runs. */
export function defineCommand<const F extends Flags>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly flags?: F;
  readonly argument?: Argument;
  readonly isRecommended?: boolean;
  readonly hasOwnGrammar?: boolean;
  readonly takesCommandLine?: boolean;
  readonly load: () => Promise<CommandBody<F>>;
}): Command {
  const { name, summary, flags, argument, load } = definition;
  const { isRecommended = false, hasOwnGrammar = false, takesCommandLine = false } = definition;
  return {
    name,
    summary,
    flags: flags ?? {},
    argument,
    isRecommended,
    hasOwnGrammar,
    takesCommandLine,
    async run({ flags: values, words, commandLine }, host) {
      const body = await load();
      // The grammar has filled every flag of this very definition; a command with its own does not look here.
      return body({ flags: values as FlagValues<F & typeof globalFlags>, words, commandLine }, host);
    },
  };
}
