import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = join(import.meta.dirname, "fake-gateway.ts");
const children: Bun.Subprocess[] = [];
const roots: string[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

function newRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "aigw-process-"));
  roots.push(root);
  writeFileSync(join(root, "gw.yaml"), "one");
  return root;
}

const logOf = (root: string) => {
  const path = join(root, "state/runs/0/aigw.log");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
};

async function logged(root: string, words: string): Promise<void> {
  for (let waited = 0; !logOf(root).includes(words); waited += 10) {
    if (waited > 10_000) throw new Error(`"${words}" never came: ${logOf(root)}`);
    await Bun.sleep(10);
  }
}

/** Starts a gateway and waits until it listens. */
async function start(root = newRoot()) {
  const child = Bun.spawn([process.execPath, script, root], { stdout: "pipe", stderr: "pipe" });
  children.push(child);
  await logged(root, "Envoy AI Gateway listening on");
  const [, port] = /http:\/\/localhost:(\d+) /.exec(logOf(root)) ?? [];
  return { child, root, url: `http://127.0.0.1:${port}/` };
}

const begun = async (url: string) => {
  const response = await fetch(url);
  const reader = response.body?.getReader();
  await reader?.read();
  return async () => {
    let rest = "";
    for (;;) {
      const piece = await reader?.read();
      if (piece === undefined || piece.done) return rest;
      rest += new TextDecoder().decode(piece.value);
    }
  };
};

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s lets 20 streams in flight finish, then exits with 0",
  async (signal) => {
    const { child, root, url } = await start();
    const streams = await Promise.all(Array.from({ length: 20 }, () => begun(url)));
    child.kill(signal);
    await logged(root, "Stopping");
    const rests = await Promise.all(streams.map((readRest) => readRest()));
    for (const rest of rests) expect(rest).toEndWith("one 10\n");
    expect(await child.exited).toBe(0);
    expect(await new Response(child.stdout).text()).toBe("");
    expect(existsSync(join(root, "run/0"))).toBe(false);
  },
);

test("a second signal ends a gateway that still drains with 1, and its lock is gone", async () => {
  const { child, root, url } = await start();
  await begun(url);
  child.kill("SIGTERM");
  await logged(root, "Stopping");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(1);
  expect(existsSync(join(root, "run/0"))).toBe(false);
});

test("SIGHUP reloads and ends nothing", async () => {
  const { child, root, url } = await start();
  child.kill("SIGHUP");
  await logged(root, "configuration reloaded from gw.yaml");
  expect((await fetch(url)).status).toBe(200);
  expect(child.exitCode).toBeNull();
});

test("a gateway ends with its terminal", async () => {
  const root = newRoot();
  const child = Bun.spawn([process.execPath, script, root], { terminal: { cols: 80, rows: 24 } });
  children.push(child);
  await logged(root, "Envoy AI Gateway listening on");
  child.terminal?.close();
  await logged(root, "signal=SIGHUP");
  await child.exited;
  expect(logOf(root)).toContain('msg="Stopped" code=0');
});

test("a run ID is free again after a sudden end", async () => {
  const { child, root } = await start();
  child.kill("SIGKILL");
  await child.exited;
  expect(existsSync(join(root, "run/0/run.lock"))).toBe(true);
  rmSync(join(root, "state"), { recursive: true });
  await start(root);
  expect(logOf(root)).toContain("An earlier run with this ID ended without clearing up");
});
