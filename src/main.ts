import process from "node:process";
import { main, processTerminal } from "./cli/index.ts";
import { currentRuntime } from "./runtime/index.ts";

const runtime = await currentRuntime();
await runtime.becomeGuarded();
// Open handles (a pool of connections, a watcher) are no reason to stay: the command says when it is over.
process.exit(
  await main(runtime, {
    terminal: processTerminal(),
    environment: process.env,
    workingDirectory: process.cwd(),
    platform: process.platform,
  }),
);
