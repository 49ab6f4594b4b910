/** Access logs as OTLP records, from both engines and over each protocol. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gatewayYaml } from "../support/config.ts";
import { envoyPath } from "../support/envoy.ts";
import { startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { startCollector } from "./collector.ts";

let upstream: Upstream;
beforeAll(() => {
  upstream = startUpstream({
    model: "acme-1",
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: 3 },
  });
});
afterAll(() => upstream[Symbol.dispose]());

/** A Gateway whose log goes to the collector at `port`. */
function configFor(port: number): string {
  const settings = [
    {
      format: {
        text: "%REQ(:METHOD)% %RESPONSE_CODE%",
        json: {
          status: "%RESPONSE_CODE%",
          model: "%REQ(X-AI-EG-MODEL)%",
          answered: "%DYNAMIC_METADATA(io.envoy.ai_gateway:response_model)%",
        },
      },
      sinks: [
        { type: "OpenTelemetry", openTelemetry: { host: "127.0.0.1", port, resources: { zone: "a" } } },
      ],
    },
  ];
  const proxy = {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyProxy",
    metadata: { name: "logs" },
    spec: { telemetry: { accessLog: { settings } } },
  };
  const parameters = { group: "gateway.envoyproxy.io", kind: "EnvoyProxy", name: "logs" };
  const backends = [{ name: "acme", url: upstream.url }];
  return `${gatewayYaml({ port: freePort(), backends })}\n---\n${JSON.stringify(proxy)}`.replace(
    '"gatewayClassName": "tests"',
    `"gatewayClassName": "tests", "infrastructure": { "parametersRef": ${JSON.stringify(parameters)} }`,
  );
}

const engines = [
  { engine: "embedded", isThere: true },
  { engine: "envoy", isThere: envoyPath !== undefined },
] as const;
const protocols = [
  { protocol: "grpc", kind: "grpc" },
  { protocol: "http/protobuf", kind: "http" },
  { protocol: "http/json", kind: "http" },
] as const;

describe.each(engines)("on the engine $engine", ({ engine, isThere }) => {
  test.if(isThere).each(protocols)(
    "each request is a record, over $protocol",
    async ({ protocol, kind }) => {
      await using collector = await startCollector(kind);
      await using gateway = await startGateway({
        config: configFor(Number(new URL(collector.url).port)),
        flags: ["--engine", engine],
        env: {
          OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: collector.url + (kind === "http" ? "/v1/logs" : ""),
          OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_LOGS_HEADERS: "x-tenant=t",
          ...(envoyPath !== undefined && { ENVOY_PATH: envoyPath }),
        },
      });
      const body = JSON.stringify({ model: "acme", messages: [{ role: "user", content: "Hi" }] });
      const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body });
      expect(response.status).toBe(200);
      await response.text();
      for (const until = Date.now() + 8000; collector.logRecords().length === 0 && Date.now() < until; )
        await Bun.sleep(20);
      const [record] = collector.logRecords();
      expect(record).toMatchObject({
        body: "POST 200",
        attributes: { model: "acme", answered: "acme-1" },
        resource: { "service.name": "ai-gateway", zone: "a", log_name: "otel_envoy_accesslog" },
      });
      expect(String(record?.attributes["status"])).toBe("200");
      expect(collector.exports[0]?.headers.get("x-tenant")).toBe("t");
    },
    30_000,
  );
});
