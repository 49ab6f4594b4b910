import { afterEach, expect, test } from "bun:test";
import { createBunRuntime } from "../runtime/bun.ts";
import type { Logger } from "../telemetry/logger.ts";
import { AdminFailure, type AdminOptions, type AdminServer, startAdminServer } from "./server.ts";

const errors: string[] = [];
const log: Logger = {
  isOn: () => true,
  debug() {},
  info() {},
  warn() {},
  error: (message, fields) => void errors.push(`${message} ${JSON.stringify(fields)}`),
};

const servers: AdminServer[] = [];
afterEach(async () => {
  errors.length = 0;
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

function start(changes: Partial<AdminOptions> = {}): AdminServer {
  const server = startAdminServer({
    runtime: createBunRuntime(),
    host: "127.0.0.1",
    port: 0,
    log,
    problem: () => undefined,
    state: () => "LIVE",
    metrics: async () => ({ contentType: "text/plain; version=0.0.4", body: "up 1\n" }),
    ...changes,
  });
  servers.push(server);
  return server;
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

async function get(server: AdminServer, path: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(`http://${server.address}${path}`, init);
  return { status: response.status, type: response.headers.get("content-type"), body: await response.text() };
}

const plain = "text/plain; charset=utf-8";
const answers: { name: string; path: string; changes?: Partial<AdminOptions>; want: Answer }[] = [
  { name: "a healthy gateway", path: "/health", want: { status: 200, type: plain, body: "OK\n" } },
  {
    name: "a healthy gateway with something to say",
    path: "/health",
    changes: { notes: () => ["one", "two"] },
    want: { status: 200, type: plain, body: "OK\none\ntwo\n" },
  },
  {
    name: "a gateway with a problem",
    path: "/health",
    changes: { problem: () => "the gateway is shutting down" },
    want: { status: 500, type: plain, body: "the gateway is shutting down\n" },
  },
  { name: "a live gateway", path: "/ready", want: { status: 200, type: plain, body: "LIVE\n" } },
  {
    name: "a gateway that is not live yet",
    path: "/ready",
    changes: { state: () => "INITIALIZING" },
    want: { status: 503, type: plain, body: "INITIALIZING\n" },
  },
  { name: "a query", path: "/health?x=1", want: { status: 200, type: plain, body: "OK\n" } },
  { name: "anything else", path: "/metricsx", want: { status: 404, type: plain, body: "not found\n" } },
];

test.each(answers)("the admin server answers $path of $name", async ({ path, changes, want }) => {
  expect(await get(start(changes), path)).toEqual(want);
});

test("the admin server takes any method", async () => {
  expect((await get(start(), "/health", { method: "POST", body: "x" })).body).toBe("OK\n");
});

test("metrics are what telemetry writes, whatever a scraper would accept", async () => {
  const answer = await get(start(), "/metrics", { headers: { accept: "application/openmetrics-text" } });
  expect(answer).toEqual({
    status: 200,
    type: "text/plain; version=0.0.4",
    body: "up 1\n",
  });
});

test("metrics that cannot be written are 500, with the reason in the log only", async () => {
  const answer = await get(start({ metrics: () => Promise.reject(new Error("inner matter")) }), "/metrics");
  expect(answer.status).toBe(500);
  expect(answer.body).not.toContain("inner matter");
  expect(errors.join()).toContain("inner matter");
});

test("without an address every interface is served, and this machine is told a loopback address", async () => {
  const server = start({ host: undefined });
  expect(server.address).toBe(`127.0.0.1:${server.port}`);
  expect((await get(server, "/health")).body).toBe("OK\n");
});

test("an IPv6 address is written in brackets", () => {
  expect(start({ host: "::1" }).address).toMatch(/^\[::1\]:\d+$/);
});

test("a port in use is named with the flag that changes it", () => {
  const { port } = start();
  const second = () => start({ port });
  expect(second).toThrow(AdminFailure);
  expect(second).toThrow(`admin port ${port} is already in use; choose another with --admin-port`);
  expect(() => start({ host: undefined, port })).toThrow(`admin port ${port} is already in use`);
});

test("an address of another machine is named with its flag", () => {
  expect(() => start({ host: "192.0.2.1" })).toThrow(
    "cannot bind the admin server to 192.0.2.1:0 (--admin-address",
  );
});
