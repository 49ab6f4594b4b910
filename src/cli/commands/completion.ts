import { writeBashCompletion } from "../completion/bash.ts";
import { writeFishCompletion } from "../completion/fish.ts";
import { writeZshCompletion } from "../completion/zsh.ts";
import { exitCode } from "../failure.ts";
import type { CommandBody } from "../grammar/command.ts";

const writers = new Map([
  ["bash", writeBashCompletion],
  ["zsh", writeZshCompletion],
  ["fish", writeFishCompletion],
]);

export const completion: CommandBody = async ({ words: [shell = ""] }, { terminal, commands }) => {
  terminal.out(writers.get(shell)?.(commands) ?? "");
  return exitCode.ok;
};
