/** What requests meet in a real Envoy, with a stand-in for the processor: everything that the configuration decides. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyPath } from "../support/envoy.ts";
import { freePort } from "../support/ports.ts";
import { root } from "../support/program.ts";
import { startRawUpstream, startUpstream, type Upstream } from "../support/upstream.ts";
import { configuration, type Place, type Rule, type Setup } from "./config.ts";
import { EnvoyRun } from "./start.ts";

const fixture = (name: string) => readFileSync(join(root, "src/runtime/fixtures", name), "utf8");
const ca = fixture("ca.pem");
const nowhere = "http://127.0.0.1:1";

describe.skipIf(envoyPath === undefined)("Envoy", () => {
  let good: Upstream;
  let bad: Upstream;
  let run: EnvoyRun;
  const closers: (() => unknown)[] = [];
  const folder = mkdtempSync(join(tmpdir(), "aigw-traffic-"));

  beforeAll(async () => {
    good = startUpstream({ from: "good" });
    bad = startUpstream(() => new Response("no", { status: 503 }));
    const silent = startUpstream(() => new Promise<Response>(() => {}));
    const hangsUp = await startRawUpstream((socket) => socket.destroy());
    const socket = join(folder, "up.sock");
    const bySocket = Bun.serve({ unix: socket, fetch: () => Response.json({ from: "socket" }) });
    const serveTls = (certificate: string) =>
      Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        tls: { cert: fixture(`${certificate}.pem`), key: fixture(`${certificate}.key`) },
        fetch: () => Response.json({ from: "secure" }),
      });
    const secure = serveTls("loopback");
    const secureByName = serveTls("up.example.com");
    closers.push(
      () => good[Symbol.dispose](),
      () => bad[Symbol.dispose](),
      () => silent[Symbol.dispose](),
      () => hangsUp[Symbol.asyncDispose](),
      () => bySocket.stop(true),
      () => secure.stop(true),
      () => secureByName.stop(true),
    );
    const places: Place[] = [
      { name: "good", url: good.url },
      { name: "named", url: `http://localhost:${good.port}` },
      { name: "renamed", url: good.url, hostname: "api.example.com" },
      { name: "bad", url: bad.url },
      { name: "dead", url: nowhere },
      { name: "silent", url: silent.url },
      { name: "hangs-up", url: hangsUp.url },
      { name: "socket", url: socket },
      { name: "secure", url: `https://127.0.0.1:${secure.port}`, ca },
      { name: "secure-name", url: `https://127.0.0.1:${secureByName.port}`, tlsName: "up.example.com", ca },
      { name: "wrong-name", url: `https://127.0.0.1:${secureByName.port}`, tlsName: "down.example.com", ca },
      { name: "untrusted", url: `https://127.0.0.1:${secure.port}` },
    ];
    const rules: Rule[] = [
      { models: ["good"], refs: ["good"] },
      { models: ["~(pattern-[0-9]+)?"], refs: ["named"] },
      { models: ["renamed"], refs: ["renamed"] },
      { models: ["spare"], refs: ["dead", { name: "good", priority: 1 }] },
      { models: ["spare-by-status"], refs: ["bad", { name: "good", priority: 1 }] },
      { models: ["never"], refs: [{ name: "dead", weight: 0 }, "good"] },
      { models: ["dead"], refs: ["dead"] },
      { models: ["silent"], refs: ["silent"], timeout: "300ms" },
      { models: ["idle"], refs: ["silent"], idle: "200ms" },
      { models: ["hangs-up"], refs: ["hangs-up"] },
      { models: ["socket"], refs: ["socket"] },
      { models: ["secure"], refs: ["secure"] },
      { models: ["secure-name"], refs: ["secure-name"] },
      { models: ["wrong-name"], refs: ["wrong-name"] },
      { models: ["untrusted"], refs: ["untrusted"] },
      { models: ["socket-and-name"], refs: [{ name: "socket", weight: 1 }, "named"] },
      { models: ["mixed"], refs: ["secure", "good", "secure-name"] },
      { models: ["none"], refs: [{ name: "good", weight: 0 }] },
    ];
    const setup: Setup = {
      port: freePort(),
      places,
      rules,
      retry: {
        numRetries: 3,
        numAttemptsPerPriority: 1,
        retryOn: { triggers: ["connect-failure", "retriable-status-codes"], httpStatusCodes: [503] },
        perRetry: { backOff: { baseInterval: "5ms", maxInterval: "20ms" } },
      },
      bufferLimit: "1Mi",
    };
    run = await new EnvoyRun(configuration(setup)).start();
  });

  afterAll(async () => {
    await run[Symbol.asyncDispose]();
    for (const close of closers) await close();
    rmSync(folder, { recursive: true, force: true });
  });

  const answers: readonly { model: string; from: string; why: string }[] = [
    { model: "good", from: "good", why: "to the backend of its rule" },
    { model: "pattern-12", from: "good", why: "by a regular expression" },
    { model: "", from: "good", why: "that is empty, where a rule takes that" },
    { model: "spare", from: "good", why: "to the next priority, where the first cannot be reached" },
    { model: "spare-by-status", from: "good", why: "to the next priority, where the first has a bad status" },
    { model: "never", from: "good", why: "never to a reference of weight 0" },
    { model: "socket", from: "socket", why: "to a unix socket" },
    { model: "secure", from: "secure", why: "over TLS by an authority of one's own" },
    { model: "secure-name", from: "secure", why: "over TLS to a host of another name" },
  ];

  test.each(answers)("sends a model $why ($model)", async ({ model, from }) => {
    for (let times = 0; times < 3; times += 1) {
      const response = await run.ask(model);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ from });
    }
  });

  test("shares requests among references by weight, plain and over TLS", async () => {
    const seen = new Set<unknown>();
    for (let times = 0; times < 60; times += 1) seen.add((await (await run.ask("mixed")).json()).from);
    expect(seen).toEqual(new Set(["secure", "good"]));
  });

  test("shares requests between a unix socket and a host name", async () => {
    const seen = new Set<unknown>();
    for (let times = 0; times < 40; times += 1)
      seen.add((await (await run.ask("socket-and-name")).json()).from);
    expect(seen).toEqual(new Set(["socket", "good"]));
  });

  const openAi = (type: string, code: number, message: string) => ({
    type: "error",
    error: { type, code: String(code), message },
  });
  const failures: readonly { model: string; status: number; body: object }[] = [
    { model: "unknown", status: 404, body: openAi("NotFound", 404, noRoute) },
    { model: "dead", status: 503, body: openAi("BadGateway", 503, "the upstream cannot be reached") },
    { model: "untrusted", status: 503, body: openAi("BadGateway", 503, "the upstream cannot be reached") },
    { model: "wrong-name", status: 503, body: openAi("BadGateway", 503, "the upstream cannot be reached") },
    { model: "silent", status: 504, body: openAi("GatewayTimeout", 504, "upstream request timeout") },
    { model: "idle", status: 504, body: openAi("GatewayTimeout", 504, "upstream request timeout") },
    {
      model: "hangs-up",
      status: 503,
      body: openAi("BadGateway", 503, "the upstream closed the connection before it answered"),
    },
    {
      model: "none",
      status: 500,
      body: openAi("InternalServerError", 500, "the backend for this model is not configured"),
    },
  ];

  test.each(failures)(
    "says in the client's shape what went wrong with $model",
    async ({ model, status, body }) => {
      const response = await run.ask(model);
      expect(response.status).toBe(status);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
      expect([...response.headers.keys()].filter((name) => name.startsWith("x-ai-eg-"))).toEqual([]);
      expect(await response.json()).toEqual(body);
    },
  );

  test("answers Anthropic's and Cohere's clients in theirs", async () => {
    const anthropic = await run.ask("dead", { path: "/anthropic/v1/messages" });
    const id = anthropic.headers.get("request-id");
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await anthropic.json()).toEqual({
      type: "error",
      error: { type: "overloaded_error", message: "the upstream cannot be reached" },
      request_id: id,
    });
    const cohere = await run.ask("dead", { path: "/cohere/v2/rerank" });
    expect(await cohere.json()).toEqual({ message: "the upstream cannot be reached" });
  });

  test("tells the processor which of its own answers they are", async () => {
    const before = run.processor.answers.length;
    await run.ask("unknown");
    expect(run.processor.answers.at(before)).toMatchObject({
      ":status": "404",
      "x-ai-eg-failure": "route_not_found",
    });
  });

  test("refuses bodies above the limit, and takes those below", async () => {
    const ask = (bytes: number) => {
      const body = JSON.stringify({ model: "good", text: "x".repeat(bytes) });
      return fetch(`${run.url}/v1/chat/completions`, { method: "POST", body });
    };
    expect((await ask(1_000_000)).status).toBe(200);
    const refused = await ask(1_100_000);
    expect(refused.status).toBe(413);
    expect(await refused.json()).toEqual(
      openAi(
        "PayloadTooLarge",
        413,
        "the request body is larger than the 1048576 bytes that this gateway accepts",
      ),
    );
  });

  test("passes large answers whatever the limit for requests", async () => {
    good.answerWith({ from: "good", text: "y".repeat(5_000_000) });
    const { text } = await (await run.ask("good")).json();
    expect(text).toHaveLength(5_000_000);
    good.answerWith({ from: "good" });
  });

  test("leaves the processor's own answers alone", async () => {
    const response = await run.ask("refuse");
    expect([response.status, await response.text()]).toEqual([400, "refused"]);
  });

  test("lets no client speak under the gateway's own names, and no upstream hear them", async () => {
    good.seen.splice(0);
    const headers = {
      "x-ai-eg-model": "dead",
      "x-ai-eg-internal-req-id": "forged",
      "x-envoy-original-path": "/forged",
      "x-request-id": "mine",
      "x-aigw-api-key": "a key",
      "x-other": "kept",
      te: "trailers",
      "proxy-authorization": "Basic a",
    };
    expect((await run.ask("good", { headers })).status).toBe(200);
    const attempt = run.processor.attempts.at(-1);
    expect(attempt?.headers["x-ai-eg-model"]).toBe("good");
    expect(attempt?.headers["x-ai-eg-internal-req-id"]).toMatch(/^[0-9a-f-]{73}$/);
    expect(attempt?.headers["x-aigw-api-key"]).toBe("a key");
    const names = [...(good.seen[0]?.headers.keys() ?? [])];
    expect(names.filter((name) => /^x-(ai-eg|aigw|envoy)-|^te$|^proxy-/.test(name))).toEqual([]);
    expect(good.seen[0]?.headers.get("x-other")).toBe("kept");
    expect(good.seen[0]?.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("tells the processor of each attempt whose it is and where it goes", async () => {
    run.processor.attempts.splice(0);
    await run.ask("spare");
    const [first, second] = run.processor.attempts.map(({ headers, attributes }) => {
      const key = (name: string) =>
        Object.entries(attributes).find(([path]) => path.includes(`'${name}'`))?.[1];
      return {
        backend: key("per_route_rule_backend_name"),
        print: key("aigw_backend"),
        route: key("aigw_route_name"),
        path: headers["x-ai-eg-original-path"],
        id: headers["x-ai-eg-internal-req-id"],
      };
    });
    expect(first).toMatchObject({
      backend: "default/dead/route/r/rule/3/ref/0",
      route: "default/r",
      path: "/v1/chat/completions",
    });
    expect(second?.backend).toBe("default/good/route/r/rule/3/ref/1");
    expect(first?.print).toMatch(/^[0-9a-f]{32}$/);
    expect(second?.print).not.toBe(first?.print);
    expect(second?.id).toBe(first?.id);
  });

  test("calls upstreams by their names", async () => {
    const hostOf = async (model: string) => {
      good.seen.splice(0);
      await run.ask(model);
      return good.seen[0]?.headers.get("host");
    };
    expect(await hostOf("good")).toBe(`127.0.0.1:${good.port}`);
    expect(await hostOf("pattern-1")).toBe(`localhost:${good.port}`);
    expect(await hostOf("renamed")).toBe("api.example.com");
  });

  test("gives the length of a body that the processor has replaced", async () => {
    good.seen.splice(0);
    await run.ask("good");
    expect(good.seen[0]?.text).toMatch(/^\{"attempt":\d+\}$/);
    expect(good.seen[0]?.headers.get("content-length")).toBe(String(good.seen[0]?.text.length));
  });
});

const noRoute =
  "No matching route found. It is likely because the model specified in your request is not configured in the Gateway.";

test.skipIf(envoyPath === undefined)(
  "hosts do not fall through, and an unknown one has no route",
  async () => {
    using upstream = startUpstream({ ok: true });
    const text = configuration({
      port: freePort(),
      places: [{ name: "one", url: upstream.url }],
      rules: [{ models: ["m"], refs: ["one"] }],
      hostnames: ["gw.example.com", "*.wild.example.com"],
    });
    await using run = await new EnvoyRun(text).start();
    const statusFor = async (host: string) => (await run.ask("m", { headers: { host } })).status;
    expect(await statusFor("gw.example.com")).toBe(200);
    expect(await statusFor("GW.example.com:1975")).toBe(200);
    expect(await statusFor("a.b.wild.example.com")).toBe(200);
    expect(await statusFor("wild.example.com")).toBe(404);
    const unknown = await run.ask("m", { headers: { host: "other.example.com" } });
    expect([unknown.status, await unknown.text()]).toEqual([404, ""]);
  },
);
