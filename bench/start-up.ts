/** How long users wait: for a command, for the status line, for the first answer. Milliseconds. */
import { type RunOptions, startGateway } from "../tests/support/gateway.ts";
import { binaryPath } from "../tests/support/program.ts";
import { path, requestBody } from "./traffic.ts";

/** `aigw version`, from nothing to its exit. */
export function timeVersion(): number {
  const startedAt = performance.now();
  const child = Bun.spawnSync([binaryPath(), "version"]);
  if (!child.success) throw new Error(`aigw version failed: ${child.stderr.toString()}`);
  return performance.now() - startedAt;
}

/** `aigw run`, to the status line and to the end of the first answer. */
export async function timeStart(options: RunOptions): Promise<{ listeningMs: number; answeredMs: number }> {
  const startedAt = performance.now();
  await using gateway = await startGateway(options);
  const listeningMs = performance.now() - startedAt;
  const answer = await fetch(gateway.url + path, { method: "POST", body: requestBody("chat") });
  await answer.text();
  if (!answer.ok) throw new Error(`the first answer had status ${answer.status}`);
  return { listeningMs, answeredMs: performance.now() - startedAt };
}
