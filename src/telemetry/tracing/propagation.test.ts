import { expect, test } from "bun:test";
import { trace } from "@opentelemetry/api";
import { listeningLog } from "../testing.ts";
import { readPropagation } from "./propagation.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const span = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });

const cases: { name: string; headers: Record<string, string>; carried: Record<string, string> }[] = [
  {
    name: "tracecontext",
    headers: { traceparent: `00-${traceId}-${spanId}-01` },
    carried: { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01` },
  },
  {
    name: "b3",
    headers: { b3: `${traceId}-${spanId}-1` },
    carried: { b3: `${"1".repeat(32)}-${"2".repeat(16)}-1` },
  },
  {
    name: "b3multi",
    headers: { "X-B3-TraceId": traceId, "X-B3-SpanId": spanId, "X-B3-Sampled": "1" },
    carried: { "x-b3-traceid": "1".repeat(32), "x-b3-spanid": "2".repeat(16), "x-b3-sampled": "1" },
  },
  {
    name: "jaeger",
    headers: { "uber-trace-id": `${traceId}:${spanId}:0:1` },
    carried: { "uber-trace-id": `${"1".repeat(32)}:${"2".repeat(16)}:0:01` },
  },
  {
    name: "xray",
    headers: {
      "X-Amzn-Trace-Id": `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=${spanId};Sampled=1`,
    },
    carried: {
      "x-amzn-trace-id": `Root=1-${"1".repeat(8)}-${"1".repeat(24)};Parent=${"2".repeat(16)};Sampled=1`,
    },
  },
  {
    name: "ottrace",
    headers: {
      "ot-tracer-traceid": traceId.slice(16),
      "ot-tracer-spanid": spanId,
      "ot-tracer-sampled": "true",
    },
    carried: {
      "ot-tracer-traceid": "1".repeat(16),
      "ot-tracer-spanid": "2".repeat(16),
      "ot-tracer-sampled": "true",
    },
  },
];

test.each(cases)("$name is joined and passed on", ({ name, headers, carried }) => {
  const propagation = readPropagation({ OTEL_PROPAGATORS: name }, listeningLog());
  const context = propagation.extract(new Headers(headers));
  expect(trace.getSpanContext(context)?.spanId).toBe(spanId);
  const { set, remove } = propagation.inject(context, span);
  expect(Object.fromEntries(set)).toEqual(carried);
  for (const header of Object.keys(carried)) expect(remove).toContain(header);
});

test("baggage passes, and a broken parent does not take its state along", () => {
  const propagation = readPropagation({}, listeningLog());
  const context = propagation.extract(
    new Headers({ baggage: "team=red", traceparent: "00-broken", tracestate: "vendor=1" }),
  );
  const { set, remove } = propagation.inject(context, span);
  expect(Object.fromEntries(set)).toMatchObject({ baggage: "team=red" });
  expect(Object.fromEntries(set)).not.toHaveProperty("tracestate");
  expect(remove).toContain("tracestate");
});

test("none leaves the client's headers alone", () => {
  const propagation = readPropagation({ OTEL_PROPAGATORS: "tracecontext,none" }, listeningLog());
  const context = propagation.extract(new Headers({ traceparent: `00-${traceId}-${spanId}-01` }));
  expect(trace.getSpanContext(context)).toBeUndefined();
  expect(propagation.inject(context, span)).toEqual({ remove: [], set: [] });
});

test("an unknown name is reported and left out", () => {
  const log = listeningLog();
  const propagation = readPropagation({ OTEL_PROPAGATORS: "zipkin" }, log);
  expect(log.lines[0]).toContain('"name":"zipkin"');
  const context = propagation.extract(new Headers({ traceparent: `00-${traceId}-${spanId}-01` }));
  expect(trace.getSpanContext(context)?.traceId).toBe(traceId);
});
