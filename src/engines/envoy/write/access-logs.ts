import type { AccessLog } from "../../../model/access-log.ts";
import type { GatewayModel } from "../../../model/gateway.ts";
import { collectorMetadata, processorCluster } from "../names.ts";
import { celFilter, writeCelFilter } from "./cel-filter.ts";
import { FactCollector, type LogFacts } from "./log-facts.ts";
import { writeLogFormat, writeTemplate } from "./log-format.ts";
import { extension, type JsonObject } from "./proto.ts";
import type { EnvoySettings } from "./settings.ts";

export interface WrittenLogs {
  readonly loggers: readonly JsonObject[];
  /** What filters of a listener must keep for them. */
  readonly facts: LogFacts;
}

export function writeAccessLogs(model: GatewayModel, settings: EnvoySettings): WrittenLogs {
  const collector = new FactCollector(model, settings.logAttributes);
  const loggers = model.accessLogs.map((log) => writeAccessLog(log, settings, collector));
  return { loggers, facts: collector.facts };
}

function writeAccessLog(log: AccessLog, settings: EnvoySettings, facts: FactCollector): JsonObject {
  const filters = [
    ...(log.scope === "all" ? [] : [scopes[log.scope]]),
    ...log.filters.map(({ source }) => celFilter(writeCelFilter(source, facts))),
  ];
  return {
    ...writeLogger(log, settings, facts),
    ...(filters.length === 0 ? {} : { filter: allOf(filters) }),
  };
}

function writeLogger({ format, sink }: AccessLog, settings: EnvoySettings, facts: FactCollector): JsonObject {
  if (sink.type === "otlp") return writeCollectorLogger(format, sink, settings, facts);
  return extension("envoy.access_loggers.file", "envoy.extensions.access_loggers.file.v3.FileAccessLog", {
    path: sinkFile(sink.path, settings),
    log_format: writeLogFormat(format, facts),
  });
}

/** Records go to the processor, which knows how the collector is spoken to; nothing of that is in Envoy's files. */
function writeCollectorLogger(
  format: AccessLog["format"],
  { address, resource, body }: Extract<AccessLog["sink"], { type: "otlp" }>,
  { logResource }: EnvoySettings,
  facts: FactCollector,
): JsonObject {
  const members = format.type === "json" ? format.members : [];
  const text = body ?? (format.type === "text" ? format.text : undefined);
  return extension(
    "envoy.access_loggers.open_telemetry",
    "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
    {
      common_config: {
        log_name: "otel_envoy_accesslog",
        transport_api_version: "V3",
        grpc_service: {
          envoy_grpc: { cluster_name: processorCluster },
          initial_metadata: [{ key: collectorMetadata, value: address }],
        },
      },
      resource_attributes: { values: [...logResource, ...Object.entries(resource)].map(textAttribute) },
      ...(text !== undefined && { body: { string_value: writeTemplate(text, facts) } }),
      attributes: {
        values: members.map(([name, template]) => textAttribute([name, writeTemplate(template, facts)])),
      },
    },
  );
}

function textAttribute([key, text]: readonly [string, string]): JsonObject {
  return { key, value: { string_value: text } };
}

function allOf(filters: readonly JsonObject[]): JsonObject {
  const [first = {}] = filters;
  return filters.length === 1 ? first : { and_filter: { filters } };
}

/** Routes have names; what takes a request before its model is known has none. */
const scopes = {
  route: celFilter("xds.route_name != ''"),
  "no-route": {
    or_filter: { filters: [{ response_flag_filter: { flags: ["NR"] } }, celFilter("xds.route_name == ''")] },
  },
} as const satisfies { readonly [S in AccessLog["scope"]]?: JsonObject };

/** Envoy's own output goes to files as well, so that nobody must read it for Envoy to go on. */
export function sinkFile(
  path: string,
  { stdoutLog, stderrLog }: Pick<EnvoySettings, "stdoutLog" | "stderrLog">,
): string {
  if (path === "/dev/stdout") return stdoutLog;
  return path === "/dev/stderr" ? stderrLog : path;
}
