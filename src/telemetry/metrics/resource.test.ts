import { describe, expect, test } from "bun:test";
import { listeningLog } from "../testing.ts";
import { readResource } from "./resource.ts";

describe("readResource", () => {
  const read = (environment: { [name: string]: string }) => {
    const log = listeningLog();
    return { attributes: Object.fromEntries(readResource(environment, "1.2.3", log)), lines: log.lines };
  };
  const sdk = {
    "telemetry.sdk.language": "nodejs",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "1.2.3",
  };

  test("names the service ai-gateway", () => {
    expect(read({}).attributes).toEqual({ "service.name": "ai-gateway", ...sdk });
  });

  test("reads percent-encoded attributes, and the service's own variable wins", () => {
    const environment = { OTEL_RESOURCE_ATTRIBUTES: "a=1%2C2, service.name = x ,", OTEL_SERVICE_NAME: "y" };
    expect(read(environment)).toEqual({ attributes: { "service.name": "y", a: "1,2", ...sdk }, lines: [] });
  });

  test("leaves out pairs that cannot be read and reports them by position, not by value", () => {
    const { attributes, lines } = read({ OTEL_RESOURCE_ATTRIBUTES: "a=1,secret,c=%zz,=d" });
    expect(attributes).toEqual({ "service.name": "ai-gateway", a: "1", ...sdk });
    expect(lines.map((line) => line.slice(-10))).toEqual(['{"pair":2}', '{"pair":3}', '{"pair":4}']);
  });
});
