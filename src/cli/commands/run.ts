import process from "node:process";
import type { CommandBody } from "../grammar/command.ts";
import type { runFlags } from "../grammar/flags.ts";
import { loadParts } from "../run/load-parts.ts";
import { planRun } from "../run/plan.ts";

export const run: CommandBody<typeof runFlags> = async ({ flags, words: [path] }, host) => {
  host.runtime.restartForLimits();
  const startedAtMs = performance.now();
  const plan = await planRun(flags, path, host);
  const { listenToProcess, runGateway, shutdownTimes } = await import("../run/index.ts");
  return runGateway(plan, await loadParts(host), {
    terminal: host.terminal,
    startedAtMs,
    times: shutdownTimes,
    listenToProcess,
    exit: (code) => process.exit(code),
  });
};
