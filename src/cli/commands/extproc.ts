import process from "node:process";
import { createStreamLog } from "../../telemetry/stream-log.ts";
import { GoFlagError, readGoFlags } from "../extproc/go-flags.ts";
import { type ExtprocSettings, readSettings, SettingsFailure } from "../extproc/settings.ts";
import { exitCode, messageChain } from "../failure.ts";
import type { CommandBody, Host } from "../grammar/command.ts";
import { extprocFlags } from "../grammar/extproc-flags.ts";
import { writeHelp } from "../help.ts";
import { productVersion } from "../product-version.ts";

/** Everything that goes wrong is said and ends with 1, as with the program whose place this takes. */
export const extproc: CommandBody = async ({ words }, host) => {
  try {
    const flags = readGoFlags(words, extprocFlags);
    if (flags === "help") {
      const own = host.commands.find(({ name }) => name === "extproc");
      host.terminal.out(writeHelp(host.commands, own, host.terminal.columns));
      return exitCode.ok;
    }
    return await run(readSettings(flags, host.environment), host);
  } catch (error) {
    host.terminal.err(`error: ${messageChain(error)}\n`);
    if (error instanceof GoFlagError || error instanceof SettingsFailure) {
      host.terminal.err('Run "aigw extproc --help" for its flags.\n');
    }
    return exitCode.failed;
  }
};

/** The big rooms, only now that they are really wanted. */
async function run(settings: ExtprocSettings, { runtime, terminal }: Host): Promise<number> {
  const [{ runExtproc, extprocTimes }, { readFilterConfig }, { createTelemetry }, { listenToProcess }] =
    await Promise.all([
      import("../extproc/run-extproc.ts"),
      import("../../config/index.ts"),
      import("../../telemetry/index.ts"),
      import("../run/process-events.ts"),
    ]);
  return runExtproc(
    settings,
    { runtime, readFilterConfig, createTelemetry },
    {
      log: createStreamLog({ ...settings.log, write: terminal.err }),
      writeError: terminal.err,
      version: productVersion,
      times: extprocTimes,
      listenToProcess,
      exit: (code) => process.exit(code),
    },
  );
}
