import type { Runtime } from "../runtime/index.ts";
import { exitCode, failureLine, UsageError } from "./failure.ts";
import type { Host } from "./grammar/command.ts";
import { type Reading, readLine } from "./grammar/read-line.ts";
import { commands } from "./grammar/table.ts";
import { writeHelp } from "./help.ts";

/** Everything of the process but its end: reads the line, runs the command, resolves with the exit code. */
export async function main(runtime: Runtime, world: Omit<Host, "runtime" | "commands">): Promise<number> {
  const host: Host = { ...world, runtime, commands };
  try {
    return await perform(readLine(runtime.arguments, commands, host.environment), host);
  } catch (error) {
    if (error instanceof UsageError) {
      host.terminal.err(`aigw: error: ${error.message}\n`);
      return exitCode.usage;
    }
    host.terminal.err(failureLine("Error running", error));
    return exitCode.failed;
  }
}

function perform(reading: Reading, host: Host): Promise<number> | number {
  if (reading.type === "command") {
    const { command, line } = reading;
    if (command.name !== "version") refuseOtherPlatforms(host.platform);
    return command.run(line, host);
  }
  host.terminal.out(writeHelp(host.commands, reading.command, host.terminal.columns));
  return exitCode.ok;
}

function refuseOtherPlatforms(platform: string): void {
  if (platform === "linux" || platform === "darwin") return;
  throw new Error(`aigw runs on Linux and macOS, not on ${platform}`);
}
