import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TelemetryFailure } from "../telemetry-failure.ts";
import { readExporters } from "./activation.ts";
import { type OtlpSettings, readOtlpSettings, type Signal } from "./otlp-settings.ts";
import type { Environment } from "./variables.ts";

const o = "OTEL_EXPORTER_OTLP_";

const activations: [signal: Signal, environment: Environment, want: string][] = [
  ["traces", {}, ""],
  ["traces", { [`${o}ENDPOINT`]: "http://c:4318" }, "otlp"],
  ["traces", { [`${o}TRACES_ENDPOINT`]: "http://c:4318/v1/traces" }, "otlp"],
  ["traces", { [`${o}METRICS_ENDPOINT`]: "http://c:4318/v1/metrics" }, ""],
  ["traces", { OTEL_TRACES_EXPORTER: "otlp" }, "otlp"],
  ["traces", { OTEL_TRACES_EXPORTER: "none", [`${o}ENDPOINT`]: "http://c:4318" }, ""],
  ["traces", { OTEL_TRACES_EXPORTER: "console", [`${o}ENDPOINT`]: "http://c:4318" }, "console"],
  ["traces", { OTEL_TRACES_EXPORTER: " console , otlp" }, "otlp,console"],
  ["traces", { OTEL_TRACES_EXPORTER: "otlp", OTEL_SDK_DISABLED: "true" }, ""],
  ["traces", { OTEL_TRACES_EXPORTER: "otlp", OTEL_SDK_DISABLED: "TRUE" }, "otlp"],
  ["metrics", { OTEL_METRICS_EXPORTER: "prometheus", [`${o}ENDPOINT`]: "http://c:4318" }, ""],
  ["metrics", { OTEL_METRICS_EXPORTER: "prometheus,otlp" }, "otlp"],
  ["metrics", { OTEL_METRICS_EXPORTER: "otlp" }, "otlp"],
  ["logs", { OTEL_LOGS_EXPORTER: "Console" }, "console"],
];

test.each(activations)("%s with %j go to %p", (signal, environment, want) => {
  expect(readExporters(environment, signal).join()).toBe(want);
});

test.each([
  ["traces", { OTEL_TRACES_EXPORTER: "zipkin" }, 'unsupported OTEL_TRACES_EXPORTER value "zipkin"'],
  ["traces", { OTEL_TRACES_EXPORTER: "prometheus" }, "(allowed: otlp, console, none)"],
  ["metrics", { OTEL_METRICS_EXPORTER: "otlp,statsd" }, 'value "statsd"'],
] as const)("%s with %j are refused", (signal, environment, message) => {
  expect(() => readExporters(environment, signal)).toThrow(TelemetryFailure);
  expect(() => readExporters(environment, signal)).toThrow(message);
});

const settings: { name: string; environment: Environment; want: Partial<OtlpSettings> }[] = [
  {
    name: "nothing: the local collector's HTTP port",
    environment: {},
    want: {
      protocol: "http/protobuf",
      url: "http://localhost:4318/v1/traces",
      timeoutMs: 10_000,
      headers: {},
    },
  },
  {
    name: "gRPC without an endpoint: its port",
    environment: { [`${o}PROTOCOL`]: "grpc" },
    want: { url: "http://localhost:4317" },
  },
  {
    name: "a general endpoint: a base that the path is appended to",
    environment: { [`${o}ENDPOINT`]: "https://c.example/otlp/" },
    want: { url: "https://c.example/otlp/v1/traces" },
  },
  {
    name: "the signal's endpoint: taken as it is",
    environment: { [`${o}TRACES_ENDPOINT`]: "http://c:9/in?k=1", [`${o}ENDPOINT`]: "http://other:1" },
    want: { url: "http://c:9/in?k=1" },
  },
  {
    name: "gRPC with a scheme: its path is nothing",
    environment: { [`${o}PROTOCOL`]: "grpc", [`${o}ENDPOINT`]: "http://c:4317/x" },
    want: { url: "http://c:4317" },
  },
  {
    name: "gRPC without a scheme: secure",
    environment: { [`${o}PROTOCOL`]: "grpc", [`${o}ENDPOINT`]: "c:4317" },
    want: { url: "https://c:4317" },
  },
  {
    name: "gRPC without a scheme and insecure",
    environment: { [`${o}PROTOCOL`]: "grpc", [`${o}ENDPOINT`]: "c:4317", [`${o}INSECURE`]: "true" },
    want: { url: "http://c:4317" },
  },
  {
    name: "the signal's own before the general ones",
    environment: {
      [`${o}PROTOCOL`]: "grpc",
      [`${o}TRACES_PROTOCOL`]: "http/json",
      [`${o}HEADERS`]: "a=1",
      [`${o}TRACES_HEADERS`]: "Api-Key=x%20y, b = 2",
      [`${o}TIMEOUT`]: "1",
      [`${o}TRACES_TIMEOUT`]: "250",
      [`${o}COMPRESSION`]: "gzip",
      [`${o}TRACES_COMPRESSION`]: "none",
    },
    want: { protocol: "http/json", headers: { "api-key": "x y", b: "2" }, timeoutMs: 250, isGzipped: false },
  },
];

test.each(settings)("readOtlpSettings reads $name", ({ environment, want }) => {
  expect(readOtlpSettings(environment, "traces")).toMatchObject(want);
});

describe("readOtlpSettings", () => {
  test("reads certificates and keys from files", () => {
    const directory = mkdtempSync(join(tmpdir(), "aigw-otlp-"));
    try {
      const path = join(directory, "ca.pem");
      writeFileSync(path, "PEM");
      const { tls } = readOtlpSettings({ [`${o}CERTIFICATE`]: path }, "logs");
      expect(tls).toEqual({ ca: "PEM" });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test.each([
    [{ [`${o}PROTOCOL`]: "thrift" }, 'unsupported OTEL_EXPORTER_OTLP_PROTOCOL value "thrift"'],
    [{ [`${o}TRACES_TIMEOUT`]: "10s" }, "(allowed: a whole number)"],
    [{ [`${o}ENDPOINT`]: "collector" }, 'OTEL_EXPORTER_OTLP_ENDPOINT: "collector" is not a URL'],
    [{ [`${o}ENDPOINT`]: "ftp://c" }, "the scheme must be http or https"],
    [{ [`${o}CERTIFICATE`]: "/no/such/file" }, "OTEL_EXPORTER_OTLP_CERTIFICATE: ENOENT"],
  ])("refuses %j", (environment, message) => {
    expect(() => readOtlpSettings(environment, "traces")).toThrow(TelemetryFailure);
    expect(() => readOtlpSettings(environment, "traces")).toThrow(message);
  });

  test("does not repeat headers that cannot be read: they may be secrets", () => {
    const read = () => readOtlpSettings({ [`${o}HEADERS`]: "a=1,sk-secret" }, "traces");
    expect(read).toThrow("OTEL_EXPORTER_OTLP_HEADERS: pair 2 is not name=value");
    expect(read).not.toThrow("sk-secret");
  });
});
