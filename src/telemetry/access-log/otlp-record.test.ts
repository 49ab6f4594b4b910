import { expect, test } from "bun:test";
import { parseTemplate } from "../../policy/template.ts";
import { recordWith, settledWith } from "../testing.ts";
import { compileRecord } from "./otlp-record.ts";

const resource = new Map([["service.name", "gw"]]);
const sink = { type: "otlp", address: "c:4317", resource: { zone: "a" } } as const;

test("a record has the members of the format with their types, the text, the resource and the trace", () => {
  const trace = { traceId: "1".repeat(32), spanId: "2".repeat(16) };
  const members = [
    ["code", parseTemplate("%RESPONSE_CODE%")],
    ["team", parseTemplate("red")],
    ["absent", parseTemplate("%REQ(X-NONE)%")],
  ] as const;
  const body = parseTemplate("%REQ(:METHOD)% %RESPONSE_CODE%");
  const make = compileRecord({ type: "json", members }, { ...sink, body }, [], resource);
  const record = make(recordWith({ settled: settledWith({ trace }), durationMs: 2000 }));
  expect(record).toMatchObject({
    attributes: { code: 200, team: "red" },
    body: "POST 200",
    spanContext: trace,
    hrTime: [1772359200, 7_000_000],
    hrTimeObserved: [1772359202, 7_000_000],
    resource: { attributes: { "service.name": "gw", zone: "a", log_name: "otel_envoy_accesslog" } },
  });
  expect(record.attributes).not.toHaveProperty("absent");
});

test("records of one log share their resource, so that they travel together", () => {
  const make = compileRecord({ type: "json", members: [] }, sink, [], resource);
  const [one, other] = [make(recordWith()), make(recordWith())];
  expect(one.resource).toBe(other.resource);
  expect(one).not.toHaveProperty("body");
});
