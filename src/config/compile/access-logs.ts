import type { AccessLog } from "../../model/access-log.ts";
import type { Cel, Template } from "../../model/values.ts";
import { compileBool } from "../../policy/cel.ts";
import { parseTemplate } from "../../policy/template.ts";
import { compareText, type Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import { notYetSupport } from "../resources/support.ts";
import type { Context } from "./context.ts";
import type { ProxySettings } from "./gateway.ts";
import { printOf } from "./print.ts";

type Proxy = Resource<"EnvoyProxy">;
type Settings = NonNullable<NonNullable<Proxy["value"]["spec"]["telemetry"]>["accessLog"]>["settings"];
type Setting = Settings[number];

const stdout = { type: "file", path: "/dev/stdout" } as const;

/** What is logged of a request where nothing is configured. */
const defaultFields = {
  ":authority": "%REQ(:AUTHORITY)%",
  bytes_received: "%BYTES_RECEIVED%",
  bytes_sent: "%BYTES_SENT%",
  connection_termination_details: "%CONNECTION_TERMINATION_DETAILS%",
  downstream_local_address: "%DOWNSTREAM_LOCAL_ADDRESS%",
  downstream_remote_address: "%DOWNSTREAM_REMOTE_ADDRESS%",
  duration: "%DURATION%",
  method: "%REQ(:METHOD)%",
  protocol: "%PROTOCOL%",
  requested_server_name: "%REQUESTED_SERVER_NAME%",
  response_code: "%RESPONSE_CODE%",
  response_code_details: "%RESPONSE_CODE_DETAILS%",
  response_flags: "%RESPONSE_FLAGS%",
  route_name: "%ROUTE_NAME%",
  start_time: "%START_TIME%",
  upstream_cluster: "%UPSTREAM_CLUSTER%",
  upstream_host: "%UPSTREAM_HOST%",
  upstream_local_address: "%UPSTREAM_LOCAL_ADDRESS%",
  upstream_transport_failure_reason: "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
  "user-agent": "%REQ(USER-AGENT)%",
  "x-envoy-origin-path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  "x-envoy-upstream-service-time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
  "x-forwarded-for": "%REQ(X-FORWARDED-FOR)%",
  "x-request-id": "%REQ(X-REQUEST-ID)%",
};

const defaultFormat: AccessLog["format"] = {
  type: "json",
  members: Object.entries(defaultFields).map(([name, text]) => [name, parseTemplate(text)]),
};

const scopes = { Route: "route", Listener: "no-route", Upstream: "all" } as const;

/** One log for each sink. Without any setting there is a default one on standard output. */
export function compileAccessLogs(context: Context, proxy: ProxySettings): AccessLog[] {
  const telemetry = proxy.get("telemetry");
  const accessLog = telemetry?.value.accessLog;
  if (accessLog?.disable === true) return [];
  if (telemetry === undefined || accessLog === undefined || accessLog.settings.length === 0) {
    const content = { scope: "all" as const, filters: [], format: defaultFormat, sink: stdout };
    return [{ key: "default", print: printOf(content), at: 0, ...content }];
  }
  const { resource } = telemetry;
  return accessLog.settings.flatMap((setting, index) => compileSetting(context, resource, setting, index));
}

function compileSetting(context: Context, proxy: Proxy, setting: Setting, index: number): AccessLog[] {
  const path = ["spec", "telemetry", "accessLog", "settings", index];
  if (setting.type === "Upstream") {
    const message = `type Upstream ${notYetSupport.message}`;
    context.report.warning(originOf(proxy, [...path, "type"]), "unsupported-field", message);
    return [];
  }
  const filters = setting.matches.map((source, match) =>
    compileFilter(context, proxy, source, [...path, "matches", match]),
  );
  const format = compileFormat(context, proxy, setting.format, [...path, "format"]);
  const scope: AccessLog["scope"] = setting.type === undefined ? "all" : scopes[setting.type];
  const { namespace, name } = proxy.id;
  return sinksOf(context, proxy, setting, path).map(({ sink, position }) => {
    const content = {
      scope,
      filters,
      format: sink.type === "otlp" ? attributesOf(setting, format) : format,
      sink,
    };
    return {
      key: `${namespace}/${name}/setting/${index}/sink/${position}`,
      print: printOf({ proxy: { namespace, name }, ...content }),
      at: context.origins.at(proxy, [...path, "sinks", position]),
      ...content,
    };
  });
}

/** What has only a text has no attributes. */
function attributesOf({ format }: Setting, compiled: AccessLog["format"]): AccessLog["format"] {
  const isTextAlone = format?.text !== undefined && (format.type === "Text" || format.json === undefined);
  return isTextAlone ? { type: "json", members: [] } : compiled;
}

interface PlacedSink {
  readonly sink: AccessLog["sink"];
  readonly position: number;
}

/** Text of a setting without a type is the body of records, and a line only where there is no JSON. */
function sinksOf(context: Context, proxy: Proxy, { sinks, format }: Setting, path: Path): PlacedSink[] {
  return sinks.flatMap(({ file, openTelemetry }, position): PlacedSink[] => {
    if (file !== undefined) return [{ sink: { type: "file", path: file.path }, position }];
    if (openTelemetry?.host === undefined) return [];
    const { host, port, resources, resourceAttributes } = openTelemetry;
    const text = format?.type === "JSON" ? undefined : format?.text;
    const body = text && compileTemplate(context, proxy, text.trimEnd(), [...path, "format", "text"]);
    const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const resource = { ...resources, ...resourceAttributes };
    return [{ sink: { type: "otlp", address, resource, ...(body ? { body } : {}) }, position }];
  });
}

function compileFilter({ report }: Context, proxy: Proxy, source: string, path: Path): Cel {
  try {
    compileBool(source);
  } catch (error) {
    report.error(originOf(proxy, path), "invalid-cel", `invalid CEL expression: ${reasonOf(error)}`);
  }
  return { source, result: "bool" };
}

function compileFormat(
  context: Context,
  proxy: Proxy,
  format: Setting["format"],
  path: Path,
): AccessLog["format"] {
  const isJson = format?.json !== undefined && format.type !== "Text";
  if (isJson) {
    const members = Object.entries(format?.json ?? {})
      .toSorted(([a], [b]) => compareText(a, b))
      .map(([name, text]) => [name, compileTemplate(context, proxy, text, [...path, "json", name])] as const);
    return { type: "json", members };
  }
  if (format?.text === undefined) return defaultFormat;
  // An entry is a line; the line break that a YAML block ends with would make an empty one.
  const text = format.text.replace(/\n$/, "");
  return { type: "text", text: compileTemplate(context, proxy, text, [...path, "text"]) };
}

function compileTemplate({ report }: Context, proxy: Proxy, text: string, path: Path): Template {
  try {
    return parseTemplate(text);
  } catch (error) {
    report.error(originOf(proxy, path), "invalid-format", reasonOf(error));
    return [];
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
