import { hrTimeToTimeStamp } from "@opentelemetry/core";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

const statusCodes = ["Unset", "Ok", "Error"];

/** A span as one line of JSON, with the members that the exporter of OpenTelemetry for Go gives it. */
export function writeConsoleSpan(span: ReadableSpan): string {
  const document = {
    Name: span.name,
    SpanContext: contextOf(span.spanContext()),
    Parent: contextOf(
      span.parentSpanContext ?? { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 },
    ),
    SpanKind: span.kind + 1,
    StartTime: hrTimeToTimeStamp(span.startTime),
    EndTime: hrTimeToTimeStamp(span.endTime),
    Attributes: listOf(span.attributes),
    Events: span.events.map(({ name, attributes, time }) => ({
      Name: name,
      Attributes: listOf(attributes ?? {}),
      Time: hrTimeToTimeStamp(time),
    })),
    Status: { Code: statusCodes[span.status.code], Description: span.status.message ?? "" },
    Resource: listOf(span.resource.attributes),
    InstrumentationScope: { Name: span.instrumentationScope.name, Version: "", SchemaURL: "" },
  };
  return `${JSON.stringify(document)}\n`;
}

function contextOf({ traceId, spanId, traceFlags }: { traceId: string; spanId: string; traceFlags: number }) {
  return { TraceID: traceId, SpanID: spanId, TraceFlags: traceFlags.toString(16).padStart(2, "0") };
}

function listOf(attributes: { readonly [key: string]: unknown }) {
  return Object.entries(attributes).map(([Key, value]) => ({
    Key,
    Value: { Type: typeOf(value), Value: value },
  }));
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return `${typeOf(value[0])}SLICE`;
  if (typeof value === "number") return Number.isInteger(value) ? "INT64" : "FLOAT64";
  return typeof value === "boolean" ? "BOOL" : "STRING";
}
