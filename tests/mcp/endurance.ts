/**
 * Many sessions do everything at once while their servers crash, stall and come back.
 *
 *   bun tests/mcp/endurance.ts [SESSIONS] [SECONDS]
 *
 * Every request must get an answer, if only an error, and nothing may be left over: sockets, child processes, memory.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { residentMb } from "../support/memory.ts";
import { root } from "../support/program.ts";
import { mcpConfig } from "./config.ts";
import { type FixtureServer, startFixtureServer } from "./fixture-server.ts";
import { type Answer, RawClient } from "./raw-client.ts";
import { events, startScriptedServer } from "./scripted-server.ts";

export interface Endured {
  readonly answers: number;
  readonly errors: number;
  /** What got no answer, and why. */
  readonly lost: readonly string[];
  /** Of the gateway, before the first session and after the last; connections are kept for a while. */
  readonly sockets: readonly [number, number];
  /** A child that was killed comes back when it is wanted. */
  readonly children: readonly [number, number];
  /** Resident, half-way and at the end. */
  readonly megabytes: readonly [number, number];
}

const everything = join(root, "node_modules/@modelcontextprotocol/server-everything/dist/index.js");

export async function endure(sessions: number, seconds: number): Promise<Endured> {
  using json = startFixtureServer({ isJson: true });
  using stream = startFixtureServer({ isResumable: true });
  using odd = startScriptedServer(({ method, id }) => (method === "tools/call" ? misbehave(id) : undefined));
  const servers = {
    json: { url: json.url },
    stream: { url: stream.url },
    odd: { url: odd.url },
    child: { command: process.execPath, args: [everything, "stdio"] },
  };
  const flags = ["--mcp-json", JSON.stringify({ mcpServers: servers })];
  await using gateway = await startGateway({ program: "source", config: mcpConfig({}), flags });
  await new RawClient(`${gateway.url}/mcp`).open();
  const sockets = openSockets(gateway);
  const children = childrenOf(gateway);
  const endAt = performance.now() + seconds * 1000;
  const tally = { answers: 0, errors: 0, lost: [] as string[] };
  const trouble = makeTrouble([json, stream], gateway, endAt);
  let half = 0;
  setTimeout(() => {
    half = residentMb(gateway.pid);
  }, seconds * 500);
  await Promise.all(Array.from({ length: sessions }, () => live(`${gateway.url}/mcp`, endAt, tally)));
  await trouble;
  return {
    ...tally,
    sockets: [sockets, openSockets(gateway)],
    children: [children, childrenOf(gateway)],
    megabytes: [half, residentMb(gateway.pid)],
  };
}

/** Now and then a server forgets everything, and the child dies. */
async function makeTrouble(
  servers: readonly FixtureServer[],
  gateway: Gateway,
  endAt: number,
): Promise<void> {
  while (performance.now() < endAt - 500) {
    await Bun.sleep(200 + Math.random() * 800);
    servers[Math.floor(Math.random() * servers.length)]?.restart();
    if (Math.random() < 0.2) for (const pid of childPids(gateway)) process.kill(pid, "SIGKILL");
  }
}

/** The odd server answers mostly, late sometimes, and sometimes not at all. */
async function misbehave(id: unknown): Promise<Response> {
  const answer = JSON.stringify({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: "odd" }] } });
  const dice = Math.random();
  if (dice < 0.6) return events(`data: ${answer}\n\n`);
  if (dice < 0.75) return events(`data: ${answer.slice(0, 20)}`);
  if (dice < 0.85) return new Response("oops", { status: 500 });
  await Bun.sleep(Math.random() * 200);
  return new Response(answer, { headers: { "content-type": "application/json" } });
}

interface Tally {
  answers: number;
  errors: number;
  readonly lost: string[];
}

const work: readonly (readonly [method: string, params: object])[] = [
  ["tools/call", { name: "json__echo", arguments: { message: "m" } }],
  ["tools/call", { name: "stream__echo", arguments: { message: "m" } }],
  ["tools/call", { name: "stream__test_tool_with_progress", _meta: { progressToken: "p" } }],
  ["tools/call", { name: "odd__t" }],
  ["tools/call", { name: "child__echo", arguments: { message: "m" } }],
  ["tools/list", {}],
  ["resources/read", { uri: "json+test://static-text" }],
  ["prompts/list", {}],
  ["ping", {}],
];

/** One client: opens sessions, works, listens, cancels, leaves. */
async function live(url: string, endAt: number, tally: Tally): Promise<void> {
  while (performance.now() < endAt) {
    const client = new RawClient(url);
    await expectAnswer(tally, "initialize", "init", client.open());
    const listening = new AbortController();
    const stream = await client.fetch({ method: "GET", signal: listening.signal }).catch(() => undefined);
    for (let id = 1; id < 30 && performance.now() < endAt; id++) {
      const [method, params] = work[Math.floor(Math.random() * work.length)] ?? ["ping", {}];
      await expectAnswer(tally, `${method} ${JSON.stringify(params)}`, id, client.call(method, params, id));
      if (id % 10 === 0) await cancelOne(client, id + 1000);
    }
    listening.abort();
    await stream?.body?.cancel().catch(() => {});
    await client.fetch({ method: "DELETE" }).catch(() => {});
  }
}

async function expectAnswer(tally: Tally, what: string, id: unknown, sent: Promise<Answer>): Promise<void> {
  try {
    const { message, status } = await sent;
    if (message.id !== id) tally.lost.push(`${what}: HTTP ${status}, id ${JSON.stringify(message.id)}`);
    else if (message.error === undefined) tally.answers++;
    else tally.errors++;
  } catch (error) {
    tally.lost.push(`${what}: ${error}`);
  }
}

async function cancelOne(client: RawClient, id: number): Promise<void> {
  const call = client.call("tools/call", { name: "stream__test_wait", arguments: { ms: 10_000 } }, id);
  await Bun.sleep(10);
  await client.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
  await call;
}

function openSockets({ pid }: Gateway): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function childrenOf(gateway: Gateway): number {
  return childPids(gateway).length;
}

function childPids({ pid }: Gateway): number[] {
  const { stdout } = Bun.spawnSync(["ps", "-o", "pid=", "--ppid", String(pid)]);
  return stdout.toString().split("\n").map(Number).filter(Boolean);
}

if (import.meta.main) {
  const [sessions = "200", seconds = "120"] = process.argv.slice(2);
  const endured = await endure(Number(sessions), Number(seconds));
  console.log({ ...endured, lost: [...new Set(endured.lost)].slice(0, 20) });
  process.exit(endured.lost.length > 0 ? 1 : 0);
}
