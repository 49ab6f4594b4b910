/** What reaches a collector, over each protocol, from the program that users get; and what happens when it does not. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gatewayYaml } from "../support/config.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { type Collector, grpcStatus, startCollector } from "./collector.ts";

const answer = {
  id: "c-1",
  object: "chat.completion",
  model: "acme-1",
  choices: [{ index: 0, message: { role: "assistant", content: "Teal." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
};

let upstream: Upstream;
beforeAll(() => {
  upstream = startUpstream(answer);
});
afterAll(() => upstream[Symbol.dispose]());

function start(env: Record<string, string>): Promise<Gateway> {
  const config = gatewayYaml({ port: freePort(), backends: [{ name: "acme", url: upstream.url }] });
  const quick = { OTEL_BSP_SCHEDULE_DELAY: "20", OTEL_METRIC_EXPORT_INTERVAL: "50" };
  return startGateway({ config, flags: ["--engine", "embedded"], env: { ...quick, ...env } });
}

async function ask(gateway: Gateway, text = "Name a colour."): Promise<number> {
  const body = JSON.stringify({ model: "acme", messages: [{ role: "user", content: text }] });
  const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body });
  await response.text();
  return response.status;
}

async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("it did not come to that");
    await Bun.sleep(5);
  }
}

const protocols = [
  { protocol: "http/protobuf", kind: "http", compression: "none" },
  { protocol: "http/protobuf", kind: "http", compression: "gzip" },
  { protocol: "http/json", kind: "http", compression: "gzip" },
  { protocol: "grpc", kind: "grpc", compression: "none" },
  { protocol: "grpc", kind: "grpc", compression: "gzip" },
] as const;

describe.each(protocols)(
  "over $protocol with compression $compression",
  ({ protocol, kind, compression }) => {
    test("spans and metrics arrive with the headers that were asked for, and the rest at shutdown", async () => {
      await using collector = await startCollector(kind);
      await using gateway = await start({
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION: compression,
        OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a%20b",
        OTEL_LOGS_EXPORTER: "none",
      });
      expect(await ask(gateway)).toBe(200);
      await until(() => collector.spans().length > 0 && collector.metricNames().length > 0);
      expect(collector.spans()[0]).toMatchObject({
        name: "ChatCompletion",
        attributes: { "llm.output_messages.0.message.content": "Teal.", "llm.token_count.total": 12 },
      });
      expect(collector.metricNames()).toEqual([
        "gen_ai.client.token.usage",
        "gen_ai.server.request.duration",
      ]);
      expect(collector.exports.map(({ headers }) => headers.get("x-tenant"))).not.toContain(null);
      expect(await ask(gateway, "And another.")).toBe(200);
      await gateway.stop();
      expect(collector.spans()).toHaveLength(2);
    }, 20_000);
  },
);

const busy = [
  { kind: "http", protocol: "http/protobuf", reply: { status: 429, retryAfter: "1" }, minMs: 1000 },
  { kind: "http", protocol: "http/json", reply: { status: 503, retryAfter: "1" }, minMs: 1000 },
  { kind: "grpc", protocol: "grpc", reply: { status: grpcStatus.UNAVAILABLE }, minMs: 500 },
] as const;

test.each(busy)(
  "a collector that is busy ($protocol, $reply.status) is asked again when it said",
  async ({ kind, protocol, reply, minMs }) => {
    await using collector = await startCollector(kind);
    collector.replies.push(reply);
    await using gateway = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
    });
    await ask(gateway);
    await until(() => collector.spans().length === 1);
    const [first, second] = collector.exports;
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(minMs);
    await until(() => gateway.stderr().includes("Export of spans fails"));
  },
  20_000,
);

test("a collector that refuses a batch is not asked again, and newer spans still go", async () => {
  await using collector = await startCollector("http");
  collector.replies.push({ status: 400 });
  await using gateway = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
  });
  await ask(gateway, "refused");
  await until(() => collector.exports.length === 1);
  await ask(gateway, "taken");
  await until(() => collector.exports.length === 2);
  expect(
    collector.spans().map(({ attributes }) => attributes["llm.input_messages.0.message.content"]),
  ).toEqual(["taken"]);
}, 20_000);

test("a collector that hangs holds up no request; what does not fit is dropped and counted", async () => {
  await using collector = await startCollector("http");
  const hanging = Promise.withResolvers<void>();
  collector.replies.push({ after: hanging.promise });
  await using gateway = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_MAX_QUEUE_SIZE: "10",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
  });
  const statuses = await Promise.all(Array.from({ length: 40 }, () => ask(gateway)));
  expect(new Set(statuses)).toEqual(new Set([200]));
  await until(() => gateway.stderr().includes("There are more spans than can be exported"));
  hanging.resolve();
  await until(() => collector.spans().length === 10);
  expect(gateway.stderr().match(/some are dropped/g)).toHaveLength(1);
  await gateway.stop();
}, 20_000);

test("what waited while the collector was down arrives when it is back", async () => {
  const port = freePort();
  await using gateway = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
  });
  for (const text of ["one", "two", "three"]) expect(await ask(gateway, text)).toBe(200);
  await until(() => gateway.stderr().includes("Export of spans fails"));
  await using collector: Collector = await startCollector("http", port);
  await until(() => collector.spans().length === 3);
  expect(gateway.stderr().match(/Export of spans fails/g)).toHaveLength(1);
}, 20_000);

test("a shutdown does not wait for a collector that hangs", async () => {
  await using collector = await startCollector("http");
  const never = new Promise<void>(() => {});
  collector.replies.push({ after: never }, { after: never }, { after: never });
  await using gateway = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_LOGS_EXPORTER: "none",
  });
  await ask(gateway);
  await until(() => collector.exports.length > 0);
  const startedAt = performance.now();
  expect(await gateway.stop()).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(9000);
}, 20_000);

test("console exporters write a document a line to stdout", async () => {
  await using gateway = await start({ OTEL_TRACES_EXPORTER: "console", OTEL_METRICS_EXPORTER: "console" });
  await ask(gateway);
  await until(() => /"ScopeMetrics"/.test(gateway.stdout()) && /"SpanContext"/.test(gateway.stdout()));
  const documents = gateway
    .stdout()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(documents.some(({ Name }) => Name === "ChatCompletion")).toBe(true);
}, 20_000);
