import type { Command } from "../grammar/command.ts";
import type { Flag } from "../grammar/flag.ts";
import { globalFlags } from "../grammar/flags.ts";

export interface FlagEntry {
  readonly name: string;
  readonly flag: Flag;
}

/** Each flag once, the global ones first. */
export function everyFlag(commands: readonly Command[]): FlagEntry[] {
  const all = Object.assign({}, globalFlags, ...commands.map(({ flags }) => flags)) as {
    [name: string]: Flag;
  };
  return flagEntries(all);
}

export function flagEntries(flags: { readonly [name: string]: Flag }): FlagEntry[] {
  return Object.entries(flags).map(([name, flag]) => ({ name, flag }));
}
