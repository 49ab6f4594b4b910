import { readdirSync, readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { formatRecord } from "../../telemetry/program-log.ts";
import { exitCode, failureLine } from "../failure.ts";
import type { CommandBody, Host } from "../grammar/command.ts";
import { resolveDirectories } from "../paths/directories.ts";
import { checkRunId } from "../paths/run-id.ts";

const budgetMs = 1000;
const pauseMs = 50;
/** So that a gateway that has hung does not cost its neighbours their second chance. */
const probeMs = 300;

/** Silent when a gateway answers that it is live, else an error record and the failure line on stderr. */
export const healthcheck: CommandBody = async ({ flags }, host) => {
  const runtimeDirectory = resolveDirectories(flags, host).runtime;
  const runId = host.environment["AIGW_RUN_ID"] || undefined;
  if (runId !== undefined) checkRunId(runId);

  const deadline = performance.now() + budgetMs;
  for (;;) {
    const problem = await probeRuns(runtimeDirectory, runId);
    if (problem === undefined) return exitCode.ok;
    if (performance.now() + pauseMs >= deadline) return report(problem, host);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
};

/** Why nobody is live; `address` where somebody at least answered or should have. */
interface Problem {
  readonly reason: string;
  readonly address?: string;
}

function report({ reason, address }: Problem, { terminal }: Host): number {
  terminal.err(formatRecord(new Date(), "error", "No live gateway found", { error: reason, admin: address }));
  terminal.err(failureLine("Health check failed", reason));
  return exitCode.failed;
}

/** Asks every run at once: the first that is live will do. */
async function probeRuns(directory: string, runId: string | undefined): Promise<Problem | undefined> {
  const files = addressFiles(directory, runId);
  if (files.length === 0) return { reason: missingRun(directory, runId) };
  const problems = files.map(probe);
  const live = Promise.any(
    problems.map((problem) => problem.then((found) => found && Promise.reject(found))),
  );
  // The newest run is the one that somebody is waiting for.
  return live.catch(() => problems[0]);
}

function missingRun(directory: string, runId: string | undefined): string {
  return runId === undefined
    ? `no run found in ${directory}; is "aigw run" started, with the same runtime directory?`
    : `no run ${JSON.stringify(runId)} with an admin address found in ${directory}`;
}

/** The newest first. */
function addressFiles(directory: string, runId: string | undefined): string[] {
  const runs = runId === undefined ? namesIn(directory) : [runId];
  const found = runs.flatMap((run) => {
    const file = join(directory, run, "admin-address.txt");
    try {
      return [{ file, modifiedMs: statSync(file).mtimeMs }];
    } catch {
      return [];
    }
  });
  return found.sort((a, b) => b.modifiedMs - a.modifiedMs).map(({ file }) => file);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

async function probe(file: string): Promise<Problem | undefined> {
  let address: string | undefined;
  try {
    address = readFileSync(file, "utf8").trim();
    if (address === "") return { reason: `no admin address yet in ${file}` };
    const { status, body } = await get(`http://${address}/ready`);
    if (status === 200 && body.toLowerCase() === "live") return undefined;
    return { reason: `the gateway at ${address} is not live: ${body || status}`, address };
  } catch {
    return { reason: `no gateway answers at ${address ?? file}`, ...(address !== undefined && { address }) };
  }
}

/** `node:http` rather than `fetch`, which would ask a configured proxy for a gateway on this machine. */
function get(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { signal: AbortSignal.timeout(probeMs) }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        body += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: body.trim() }));
      response.on("error", reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}
