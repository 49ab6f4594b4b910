import type { HrTime } from "@opentelemetry/api";
import type { AccessLog } from "../../model/access-log.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import { scopeName } from "../otel/scope.ts";
import type { RequestRecord } from "../request-record.ts";
import { compileMembers, compileText } from "./line.ts";
import type { LogRecord } from "./otlp-logs.ts";

/** The name that Envoy's records have. */
const logName = "otel_envoy_accesslog";

type OtlpSink = Extract<AccessLog["sink"], { type: "otlp" }>;

/** Makes a log record of each request: the members of a JSON format are its attributes, those without value left out. */
export function compileRecord(
  format: AccessLog["format"],
  sink: OtlpSink,
  mapped: readonly HeaderAttribute[],
  resource: ReadonlyMap<string, string>,
): (record: RequestRecord) => LogRecord {
  const members = format.type === "json" ? compileMembers(format.members, mapped) : [];
  const text = sink.body ?? (format.type === "text" ? format.text : undefined);
  const write = text === undefined ? undefined : compileText(text, mapped);
  const attributes = { ...Object.fromEntries(resource), log_name: logName, ...sink.resource };
  const common = {
    // Records of one log are joined by the identity of these two.
    resource: {
      attributes,
      merge: unused,
      getRawAttributes: () => Object.entries(attributes),
    },
    instrumentationScope: { name: scopeName },
    droppedAttributesCount: 0,
  };
  return (record) => {
    const values: { [name: string]: string | number } = {};
    for (const [name, resolve] of members) {
      const value = resolve(record);
      if (value !== undefined) values[name] = value;
    }
    const { trace } = record.settled ?? {};
    const body = write?.(record).trimEnd();
    return {
      ...common,
      hrTime: timeOf(record.startedAtMs),
      hrTimeObserved: timeOf(record.startedAtMs + record.durationMs),
      attributes: values,
      ...(body !== undefined && { body }),
      ...(trace !== undefined && { spanContext: { ...trace, traceFlags: 1 } }),
    };
  };
}

function unused(): never {
  throw new Error("resources of access logs are not merged");
}

function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
