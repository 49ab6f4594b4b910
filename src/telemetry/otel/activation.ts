import { otlpEndpointVariable, type Signal } from "./otlp-settings.ts";
import { type Environment, readText, refuse } from "./variables.ts";

/** Where a signal goes, besides Prometheus. */
export type Exporter = "otlp" | "console";

const known: { readonly [S in Signal]: readonly string[] } = {
  traces: ["otlp", "console", "none"],
  metrics: ["otlp", "console", "prometheus", "none"],
  logs: ["otlp", "console", "none"],
};

/**
 * Whom a signal is exported to: those that `OTEL_<SIGNAL>_EXPORTER` lists; a collector, where only an endpoint is set;
 * nobody otherwise, or when the SDK is disabled. Throws `TelemetryFailure` for words that mean nothing.
 */
export function readExporters(environment: Environment, signal: Signal): readonly Exporter[] {
  const name = `OTEL_${signal.toUpperCase()}_EXPORTER`;
  const words = (readText(environment, name) ?? "")
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "");
  for (const word of words) if (!known[signal].includes(word)) refuse(name, word, known[signal].join(", "));
  if (environment["OTEL_SDK_DISABLED"] === "true") return [];
  if (words.length === 0) return otlpEndpointVariable(environment, signal) === undefined ? [] : ["otlp"];
  if (words.includes("none")) return [];
  return (["otlp", "console"] as const).filter((exporter) => words.includes(exporter));
}
