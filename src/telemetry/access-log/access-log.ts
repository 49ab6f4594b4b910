import type { AccessLog } from "../../model/access-log.ts";
import { type CelActivation, compileBool } from "../../policy/cel.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { RecordListener, RequestRecord } from "../request-record.ts";
import { RecordActivation } from "./activation.ts";
import { compileLine } from "./line.ts";

/** Where finished lines go. */
export interface LineSink {
  write(line: string): void;
}

type Accepts = (record: RequestRecord, activation: CelActivation) => boolean;

/**
 * Makes the listener that writes each record to every log whose scope and filters it fits.
 * `mapped`: the request headers that formats may name as metadata.
 */
export function compileAccessLogs(
  logs: readonly AccessLog[],
  mapped: readonly HeaderAttribute[],
  sinkOf: (path: string) => LineSink,
): RecordListener {
  const writers = logs.map((log) => {
    const accepts = compileAccepts(log);
    const line = compileLine(log.format, mapped);
    const sink = sinkOf(log.sink.path);
    return (record: RequestRecord, activation: CelActivation) => {
      if (accepts(record, activation)) sink.write(line(record));
    };
  });
  return (record) => {
    const activation = new RecordActivation(record, mapped);
    for (const write of writers) write(record, activation);
  };
}

function compileAccepts({ scope, filters }: AccessLog): Accepts {
  const tests = filters.map(({ source }) => compileBool(source));
  return (record, activation) => {
    if (scope !== "all" && (scope === "no-route") !== hasNoRoute(record)) return false;
    return tests.every((fits) => fits(activation));
  };
}

function hasNoRoute({ responseFlags }: RequestRecord): boolean {
  return responseFlags === "NR" || responseFlags.split(",").includes("NR");
}
