import { afterEach, expect, test } from "bun:test";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createBunRuntime } from "../../runtime/bun.ts";
import { FakeTerminal, temporaryDirectory } from "../testing.ts";
import { healthcheck } from "./healthcheck.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function adminServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const live: RequestListener = (request, response) => {
  response.writeHead(request.url === "/ready" ? 200 : 404).end("LIVE\n");
};
const starting: RequestListener = (_request, response) => void response.writeHead(503).end("INITIALIZING\n");
const silent: RequestListener = () => {};

/** A runtime directory with the address files of some runs, the first the newest. */
function runtimeDirectory(runs: { [runId: string]: string }): string {
  const directory = temporaryDirectory();
  for (const [index, [runId, address]] of Object.entries(runs).entries()) {
    mkdirSync(join(directory, runId));
    writeFileSync(join(directory, runId, "admin-address.txt"), address);
    utimesSync(join(directory, runId, "admin-address.txt"), 1_000_000 - index, 1_000_000 - index);
  }
  return directory;
}

async function check(directory: string, environment: { [name: string]: string } = {}) {
  const terminal = new FakeTerminal();
  const flags = {
    "config-home": undefined,
    "data-home": undefined,
    "state-home": undefined,
    "runtime-dir": directory,
  };
  const host = {
    runtime: createBunRuntime(),
    terminal,
    environment,
    workingDirectory: "/",
    platform: "linux",
    commands: [],
  };
  const code = await healthcheck({ flags, words: [], commandLine: [] }, host);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

const healthy = { code: 0, stdout: "", stderr: "" };

test("healthcheck is silent when a gateway is live", async () => {
  expect(await check(runtimeDirectory({ a: await adminServer(live) }))).toEqual(healthy);
});

test("healthcheck looks past leftovers, silent and starting gateways", async () => {
  const directory = runtimeDirectory({
    leftover: "127.0.0.1:1",
    unwritten: "",
    silent: await adminServer(silent),
    starting: await adminServer(starting),
    live: await adminServer(live),
  });
  expect(await check(directory)).toEqual(healthy);
});

test("healthcheck asks only the run that AIGW_RUN_ID names", async () => {
  const directory = runtimeDirectory({ mine: await adminServer(starting), other: await adminServer(live) });
  expect(await check(directory, { AIGW_RUN_ID: "other" })).toEqual(healthy);
  expect((await check(directory, { AIGW_RUN_ID: "mine" })).code).toBe(1);
  expect((await check(directory, { AIGW_RUN_ID: "third" })).stderr).toContain('no run "third"');
});

test("healthcheck waits for a gateway that becomes live within its second", async () => {
  let asked = 0;
  const address = await adminServer((request, response) =>
    (++asked < 4 ? starting : live)(request, response),
  );
  expect(await check(runtimeDirectory({ a: address }))).toEqual(healthy);
});

test("healthcheck does not ask a proxy for this machine", async () => {
  const directory = runtimeDirectory({ a: await adminServer(live) });
  const before = process.env["HTTP_PROXY"];
  process.env["HTTP_PROXY"] = "http://127.0.0.1:1";
  try {
    expect(await check(directory)).toEqual(healthy);
  } finally {
    if (before === undefined) delete process.env["HTTP_PROXY"];
    else process.env["HTTP_PROXY"] = before;
  }
});

test.each([
  { name: "no run at all", runs: async () => ({}), want: /no run found in \/.*aigw run/ },
  {
    name: "no address yet",
    runs: async () => ({ a: "" }),
    want: /no admin address yet in \/.*admin-address.txt/,
  },
  {
    name: "a dead gateway",
    runs: async () => ({ a: "127.0.0.1:1" }),
    want: /no gateway answers at 127.0.0.1:1/,
  },
  {
    name: "a gateway that is not live",
    runs: async () => ({ a: await adminServer(starting) }),
    want: /the gateway at 127.0.0.1:\d+ is not live: INITIALIZING/,
  },
])("healthcheck says in a record and a line that there is $name", async ({ runs, want }) => {
  const { code, stdout, stderr } = await check(runtimeDirectory(await runs()));
  expect(code).toBe(1);
  expect(stdout).toBe("");
  const [record = "", line = ""] = stderr.split("\n");
  expect(record).toMatch(/^time=\S+ level=ERROR msg="No live gateway found" error=/);
  expect(record).toMatch(want);
  expect(line).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d Health check failed: /);
  expect(line).toMatch(want);
});
