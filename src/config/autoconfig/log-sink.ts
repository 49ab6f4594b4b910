import { ConfigFailure, type Environment, variable } from "../world.ts";
import { parseBaseUrl } from "./base-url.ts";

/** Where access logs go. */
export type LogSink =
  | { readonly type: "none" }
  | { readonly type: "file" }
  | { readonly type: "otlp"; readonly host: string; readonly port: number };

const exporterVariable = "OTEL_LOGS_EXPORTER";
const logsEndpoint = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
const anyEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
const logsProtocol = "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL";
const protocols = ["grpc", "http/protobuf", "http/json"];
const anyProtocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

/** The sink that OpenTelemetry's variables ask for. Throws `ConfigFailure` for what no version of it could mean. */
export function chooseLogSink(environment: Environment): LogSink {
  const trimmed = (name: string) => variable(environment, name)?.trim() ?? "";
  const exporter = trimmed(exporterVariable).toLowerCase();
  switch (exporter) {
    case "none":
      return { type: "none" };
    case "console":
      return { type: "file" };
    case "otlp":
    case "":
      if (variable(environment, "OTEL_SDK_DISABLED") === "true") return { type: "file" };
      return chooseOtlp(trimmed, exporter === "otlp");
    default:
      throw new ConfigFailure(
        `unsupported ${exporterVariable} value ${JSON.stringify(exporter)} (allowed: otlp, console, none)`,
      );
  }
}

function chooseOtlp(trimmed: (name: string) => string, isDemanded: boolean): LogSink {
  const name = trimmed(logsEndpoint) === "" ? anyEndpoint : logsEndpoint;
  const endpoint = trimmed(name);
  if (endpoint === "") {
    if (!isDemanded) return { type: "file" };
    throw new ConfigFailure(`${exporterVariable}=otlp needs ${logsEndpoint} or ${anyEndpoint}`);
  }
  const protocolVariable = trimmed(logsProtocol) === "" ? anyProtocol : logsProtocol;
  const protocol = trimmed(protocolVariable).toLowerCase();
  if (protocol !== "" && !protocols.includes(protocol)) {
    const allowed = protocols.join(", ");
    throw new ConfigFailure(
      `unsupported ${protocolVariable} value ${JSON.stringify(protocol)} (allowed: ${allowed})`,
    );
  }
  const { host, port } = parseBaseUrl(name, endpoint.includes("://") ? endpoint : `http://${endpoint}`);
  return { type: "otlp", host, port };
}
