import { processTerminal } from "../src/cli/index.ts";
import { listenToProcess, runGateway, shutdownTimes } from "../src/cli/run/index.ts";
import { FakeParts, planIn } from "../src/cli/run/testing.ts";

/** A gateway with fake rooms in a process of its own, for what only a process has: signals, a terminal, a sudden end. */
const [root = "."] = process.argv.slice(2);
process.exit(
  await runGateway(planIn(root), new FakeParts(), {
    terminal: processTerminal(),
    startedAtMs: performance.now(),
    times: shutdownTimes,
    listenToProcess,
    exit: (code) => process.exit(code),
  }),
);
