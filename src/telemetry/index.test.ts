import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccessLog } from "../model/access-log.ts";
import { parseTemplate } from "../policy/template.ts";
import { createTelemetry, TelemetryFailure } from "./index.ts";
import { listeningLog, recordWith, settledWith } from "./testing.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "aigw-telemetry-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const create = (environment: { [name: string]: string } = {}) =>
  createTelemetry({
    environment,
    stdoutLogPath: join(directory, "stdout.log"),
    echoStdout: false,
    log: listeningLog(),
    sendRequest: () => Promise.reject(new Error("nobody listens")),
    version: "1.2.3",
  });

const tenantLog: AccessLog = {
  at: 0,
  key: "log",
  print: "p",
  scope: "all",
  filters: [{ source: "request.headers['x-ai-eg-model'] != ''", result: "bool" }],
  format: {
    type: "json",
    members: [
      ["model", parseTemplate("%REQ(X-AI-EG-MODEL)%")],
      ["tenant", parseTemplate("%DYNAMIC_METADATA(io.envoy.ai_gateway:tenant.id)%")],
    ],
  },
  sink: { type: "file", path: "/dev/stdout" },
};

describe("createTelemetry", () => {
  test("answers a scrape before and after the first exchange", async () => {
    const telemetry = await create({ OTEL_SERVICE_NAME: "gw" });
    const target =
      'target_info{service_name="gw",telemetry_sdk_language="nodejs",telemetry_sdk_name="opentelemetry",telemetry_sdk_version="1.2.3"} 1';
    const first = await telemetry.metricsText();
    expect(first.contentType).toBe("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    expect(first.body.trim().split("\n").at(-1)).toBe(target);
    telemetry.settled?.(settledWith());
    const second = await telemetry.metricsText();
    expect(second.body).toContain("# TYPE gen_ai_server_request_duration_seconds histogram\n");
    expect(second.body.trim().split("\n").at(-1)).toBe(target);
    await telemetry.close();
  });

  test("takes labels and log fields from the headers of the environment's maps", async () => {
    const telemetry = await create({ OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES: "x-tenant-id:tenant.id" });
    const headers = new Headers({ "x-tenant-id": "t-7" });
    telemetry.settled?.(settledWith({ headers }));
    expect((await telemetry.metricsText()).body).toContain(',tenant_id="t-7"} 1\n');
    telemetry.recordListener([tenantLog])?.(recordWith({ requestHeaders: headers }));
    await telemetry.flush();
    expect(readFileSync(join(directory, "stdout.log"), "utf8")).toBe(
      '{"model":"acme-chat","tenant":"t-7"}\n',
    );
    await telemetry.close();
  });

  test("goes on in the same file after a reload, and ends with all lines written", async () => {
    const telemetry = await create();
    telemetry.recordListener([tenantLog])?.(recordWith({ model: "before" }));
    telemetry.recordListener([tenantLog])?.(recordWith({ model: "after" }));
    await telemetry.close();
    const lines = readFileSync(join(directory, "stdout.log"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).model)).toEqual(["before", "after"]);
  });

  test("has no record listener without access logs", async () => {
    const telemetry = await create();
    expect(telemetry.recordListener([])).toBeUndefined();
    await telemetry.close();
  });

  test.each([
    [
      { OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES: "x-a" },
      'OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES: pair 1, "x-a", has no colon',
    ],
    [
      { OTEL_AIGW_SPAN_REQUEST_HEADER_ATTRIBUTES: "x-a:a," },
      "OTEL_AIGW_SPAN_REQUEST_HEADER_ATTRIBUTES: pair 2 is empty",
    ],
    [{ OTEL_AIGW_METRICS_REQUEST_HEADER_ATTRIBUTES: "x-a:error.type" }, 'the label "error_type"'],
  ])("refuses %p", async (environment, message) => {
    const failure = await create(environment).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TelemetryFailure);
    expect(String(failure)).toContain(message);
  });
});
