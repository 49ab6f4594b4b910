import { appendFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { type ChildProcess, startChild } from "../exec/child.ts";
import { clientEnvironment } from "../exec/client-environment.ts";
import { freePort } from "../exec/free-port.ts";
import { CallSummary } from "../exec/summary.ts";
import { tapTelemetry } from "../exec/tap-telemetry.ts";
import { type SummaryFormat, writeSummary } from "../exec/write-summary.ts";
import { exitCode, messageChain } from "../failure.ts";
import type { CommandBody, Host } from "../grammar/command.ts";
import type { ExecFlagValues, execFlags } from "../grammar/flags.ts";
import { expandPath } from "../paths/expand-path.ts";
import { loadParts } from "../run/load-parts.ts";
import { planRun } from "../run/plan.ts";
import type { ListenToProcess } from "../run/process-events.ts";

/** Runs a gateway for as long as a command runs, and ends with the command's exit code. */
export const exec: CommandBody<typeof execFlags> = async ({ flags, words: [path], commandLine }, host) => {
  host.runtime.restartForLimits();
  const startedAtMs = performance.now();
  // Several of these run side by side on one machine: ports are whatever is free.
  const [listenPort, plan] = await Promise.all([freePort(), planRun(flags, path, host)]);
  const { listenToProcess, runGateway, shutdownTimes } = await import("../run/index.ts");
  const parts = await loadParts(host);
  const summary = new CallSummary();
  let child: ChildProcess | undefined;
  let stopGateway = () => {};

  const listen: ListenToProcess = (events) => {
    stopGateway = () => events.stop("the end of the command");
    return listenToProcess({
      ...events,
      // A terminal sends its signals to the command too, and the gateway outlives it: its last calls count.
      stop: (signal) => (child === undefined ? events.stop(signal) : child.signal(signal)),
      stopNow: () => child?.signal("SIGKILL"),
    });
  };
  const code = await runGateway(
    { ...plan, listenPort },
    {
      ...parts,
      createTelemetry: async (options) => tapTelemetry(await parts.createTelemetry(options), summary),
    },
    {
      terminal: host.terminal,
      startedAtMs,
      times: shutdownTimes,
      listenToProcess: listen,
      exit: (code) => process.exit(code),
      onListening(port) {
        child = startChild(commandLine, {
          ...host.environment,
          ...clientEnvironment(port, host.environment),
        });
        void child.ended.then(stopGateway);
      },
    },
  );
  if (child === undefined) return code === exitCode.ok ? exitCode.failed : code;
  const end = await child.ended;
  if (end.problem !== undefined) host.terminal.err(`aigw: ${end.problem}\n`);
  report(summary, flags, host);
  return end.code;
};

/** A summary that cannot be written is said, and does not change how the command ended. */
function report(summary: CallSummary, flags: ExecFlagValues, host: Host): void {
  const { terminal, environment } = host;
  const format: SummaryFormat | "none" = flags.summary;
  try {
    if (format !== "none") {
      const text = writeSummary(format, summary);
      const file = flags["summary-file"];
      if (file === undefined) terminal.err(text);
      else writeFileSync(expandPath(file, host), text, { mode: 0o600 });
    }
    // Where the job that this is a step of shows a page, the summary belongs on it.
    const page = environment["GITHUB_STEP_SUMMARY"];
    if (page) appendFileSync(page, writeSummary("markdown", summary));
  } catch (error) {
    terminal.err(`aigw: the summary cannot be written: ${messageChain(error)}\n`);
  }
}
