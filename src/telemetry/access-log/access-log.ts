import type { AccessLog } from "../../model/access-log.ts";
import { type CelActivation, compileBool } from "../../policy/cel.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { RecordListener, RequestRecord } from "../request-record.ts";
import { RecordActivation } from "./activation.ts";
import { compileLine } from "./line.ts";
import type { LogRecord } from "./otlp-logs.ts";
import { compileRecord } from "./otlp-record.ts";

/** Where finished lines go. */
export interface LineSink {
  write(line: string): void;
}

/** `facts` are made when a filter asks for them: most logs have none. */
type Accepts = (record: RequestRecord, facts: () => CelActivation) => boolean;

/** Where lines and records go. */
export interface LogSinks {
  file(path: string): LineSink;
  /** `address` is `host:port` of a collector. */
  collector(address: string): (record: LogRecord) => void;
  /** What records say of this process. */
  readonly resource: ReadonlyMap<string, string>;
}

/**
 * Makes the listener that writes each record to every log whose scope and filters it fits.
 * `mapped`: the request headers that formats may name as metadata.
 */
export function compileAccessLogs(
  logs: readonly AccessLog[],
  mapped: readonly HeaderAttribute[],
  sinks: LogSinks,
): RecordListener {
  const writers = logs.map((log) => {
    const accepts = compileAccepts(log);
    const write = compileWriter(log, mapped, sinks);
    return (record: RequestRecord, facts: () => CelActivation) => {
      if (accepts(record, facts)) write(record);
    };
  });
  return (record) => {
    let made: CelActivation | undefined;
    const facts = () => (made ??= new RecordActivation(record, mapped));
    for (const write of writers) write(record, facts);
  };
}

function compileWriter(
  { format, sink }: AccessLog,
  mapped: readonly HeaderAttribute[],
  sinks: LogSinks,
): (record: RequestRecord) => void {
  if (sink.type === "otlp") {
    const make = compileRecord(format, sink, mapped, sinks.resource);
    const push = sinks.collector(sink.address);
    return (record) => push(make(record));
  }
  const line = compileLine(format, mapped);
  const file = sinks.file(sink.path);
  return (record) => file.write(line(record));
}

function compileAccepts({ scope, filters }: AccessLog): Accepts {
  const tests = filters.map(({ source }) => compileBool(source));
  return (record, facts) => {
    if (scope !== "all" && (scope === "no-route") !== hasNoRoute(record)) return false;
    return tests.every((fits) => fits(facts()));
  };
}

function hasNoRoute({ responseFlags }: RequestRecord): boolean {
  return responseFlags === "NR" || responseFlags.split(",").includes("NR");
}
