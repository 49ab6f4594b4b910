import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EnvoyLost, Supervisor } from "./supervisor.ts";

const folders: string[] = [];
const supervisors: Supervisor[] = [];
afterEach(async () => {
  for (const supervisor of supervisors.splice(0)) await supervisor.stop(100);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** As much of an Envoy as a supervisor asks for: an admin port in a file, `/ready` and listeners. */
const fakeEnvoy = `
import { createServer } from "node:http";
import { appendFileSync, writeFileSync } from "node:fs";
const [file, behaviour] = process.argv.slice(2);
console.error("[2026-01-02 03:04:05.678][1][warning][main] [a.cc:1] fake words");
appendFileSync(file + ".starts", "x");
if (behaviour === "dies") process.exit(3);
const server = createServer((request, response) => {
  if (request.url.startsWith("/stats")) response.end(JSON.stringify({ stats: [] }));
  else if (request.url === "/ready") response.end(behaviour === "never ready" ? "PRE_INITIALIZING" : "LIVE");
  else response.end(JSON.stringify({ listener_statuses: [{ name: "l" }] }));
});
server.listen(0, "127.0.0.1", () => writeFileSync(file, "127.0.0.1:" + server.address().port));
if (behaviour === "dies later") setTimeout(() => process.exit(4), 100);
if (behaviour === "ignores SIGTERM") process.on("SIGTERM", () => {});
`;

interface Watched {
  readonly supervisor: Supervisor;
  readonly crashes: string[];
  readonly waits: string[];
  readonly lost: Promise<EnvoyLost>;
  readonly pids: number[];
  starts(): number;
}

function supervise(behaviour: string, limitMs = 5000): Watched {
  const folder = mkdtempSync(join(tmpdir(), "aigw-supervisor-"));
  folders.push(folder);
  const script = join(folder, "envoy.ts");
  writeFileSync(script, fakeEnvoy);
  const adminAddressFile = join(folder, "admin");
  const stderrLog = join(folder, "stderr.log");
  const lost = Promise.withResolvers<EnvoyLost>();
  const [crashes, waits, pids]: [string[], string[], number[]] = [[], [], []];
  const supervisor = new Supervisor({
    launch() {
      rmSync(adminAddressFile, { force: true });
      return {
        command: [process.execPath, script, adminAddressFile, behaviour],
        environment: process.env,
        stdoutLog: join(folder, "stdout.log"),
        stderrLog,
        onLine() {},
      };
    },
    stderrLog,
    readiness: {
      adminAddressFile,
      listeners: () => ["l"],
      onWaiting: (state) => void waits.push(state),
      noticeMs: 100,
      limitMs,
    },
    onSpawn: (pid) => void pids.push(pid),
    onCrash: (message) => void crashes.push(message),
    onRestarted() {},
    onLost: (error) => lost.resolve(error),
    backOff: { maxCrashes: 3, windowMs: 60_000, maxDelayMs: 20 },
  });
  supervisors.push(supervisor);
  return {
    supervisor,
    crashes,
    waits,
    lost: lost.promise,
    pids,
    starts: () => readFileSync(`${adminAddressFile}.starts`, "utf8").length,
  };
}

const never = new AbortController().signal;

test("a supervisor that sees Envoy end before it is ready says how, with its last words", async () => {
  const { supervisor, starts } = supervise("dies");
  await expect(supervisor.start(never)).rejects.toThrow(
    /^Envoy exited with code 3 before it was ready: fake words; see .*stderr\.log$/,
  );
  expect(starts()).toBe(1);
});

test("a supervisor says what Envoy does while it is waited for, and gives up in the end", async () => {
  const { supervisor, waits } = supervise("never ready", 700);
  await expect(supervisor.start(never)).rejects.toThrow(
    /^Envoy is not ready after \d s: its state is PRE_INITIALIZING$/,
  );
  expect(waits).toContain("its state is PRE_INITIALIZING");
});

test("a supervisor starts an Envoy that crashes again, but not for ever", async () => {
  const { supervisor, crashes, lost, starts } = supervise("dies later");
  await supervisor.start(never);
  const error = await lost;
  expect(error.message).toMatch(/^Envoy exited with code 4: fake words; see .*stderr\.log \(3 times\)$/);
  expect(crashes).toHaveLength(2);
  expect(starts()).toBe(3);
});

test("a supervisor makes an Envoy end that does not want to", async () => {
  const { supervisor, pids, crashes } = supervise("ignores SIGTERM");
  await supervisor.start(never);
  await supervisor.stop(100);
  expect(() => process.kill(pids[0] ?? 0, 0)).toThrow();
  expect(crashes).toEqual([]);
});
