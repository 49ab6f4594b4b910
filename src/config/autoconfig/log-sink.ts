import { ConfigFailure, type Environment, variable } from "../world.ts";
import { parseBaseUrl } from "./base-url.ts";

/** Where access-log lines go. `notice` says what was asked for and cannot be done yet. */
export type LogSink = { readonly type: "none" } | { readonly type: "file"; readonly notice?: string };

const exporterVariable = "OTEL_LOGS_EXPORTER";
const logsEndpoint = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
const anyEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
const logsProtocol = "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL";
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
  const protocol = trimmed(protocolVariable).toLowerCase() || "grpc";
  if (protocol !== "grpc") {
    const problem = `${protocolVariable}: access logs go by grpc only, not by ${JSON.stringify(protocol)}`;
    if (isDemanded || protocolVariable === logsProtocol) {
      throw new ConfigFailure(`${problem}; set ${logsProtocol}=grpc, or ${exporterVariable}=console`);
    }
    return { type: "file", notice: `${problem}; they are written to standard output instead` };
  }
  parseBaseUrl(name, endpoint.includes("://") ? endpoint : `http://${endpoint}`);
  const asked = isDemanded ? `${exporterVariable}=otlp` : name;
  const notice = `${asked}: access logs over OTLP are not supported yet; they are written to standard output instead`;
  return { type: "file", notice };
}
