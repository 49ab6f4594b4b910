import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import { TelemetryFailure } from "../telemetry-failure.ts";

/** OpenTelemetry's names of attributes to values; Prometheus shows them under `labelName`. */
export type Labels = { readonly [attribute: string]: string };

/** An attribute filled from a request header, whose label is no other's. */
export interface HeaderLabel {
  readonly attribute: string;
  readonly headers: readonly string[];
}

/** Labels that metrics have of their own, those of the MCP families too. */
const ownLabels = new Set([
  "error_type",
  "gen_ai_operation_name",
  "gen_ai_original_model",
  "gen_ai_provider_name",
  "gen_ai_request_model",
  "gen_ai_response_model",
  "gen_ai_token_type",
  "le",
  "otel_scope_name",
  "otel_scope_schema_url",
  "otel_scope_version",
  "capability_side",
  "capability_type",
  "mcp_backend",
  "mcp_method_name",
  "status",
]);

/** The Prometheus label for an attribute: what is no letter or digit becomes `_`, and no digit or `_` comes first. */
export function labelName(attribute: string): string {
  const name = attribute.replace(/[^A-Za-z0-9_]/g, "_");
  if (/^\d/.test(name)) return `key_${name}`;
  return /^_[^_]/.test(name) ? `key${name}` : name;
}

/** Throws `TelemetryFailure` where two attributes would share a label, or one would take a label of the metrics. */
export function headerLabels(attributes: readonly HeaderAttribute[]): readonly HeaderLabel[] {
  const attributeOf = new Map<string, string>();
  return attributes.map(({ attribute, headers }) => {
    const label = labelName(attribute);
    const other = attributeOf.get(label);
    const taken = ownLabels.has(label)
      ? "is a label that metrics have already"
      : other && `is also that of "${other}"`;
    if (taken) {
      throw new TelemetryFailure(
        `OTEL_AIGW_METRICS_REQUEST_HEADER_ATTRIBUTES or its base OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES: ` +
          `the label "${label}" of attribute "${attribute}" ${taken}; choose another attribute`,
      );
    }
    attributeOf.set(label, attribute);
    return { attribute, headers };
  });
}

const maxValueLength = 256;

/** A value that clients chose, made fit for a label: not endless, and one that stays distinct as UTF-8. */
export function labelValue(text: string): string {
  const short = text.length > maxValueLength ? text.slice(0, maxValueLength) : text;
  return short.isWellFormed() ? short : short.toWellFormed();
}

/** `a="1",b="2"`, in the order of the names, with values escaped. */
export function joinLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([attribute, value]): [string, string] => [labelName(attribute), value])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(",");
}

function escapeValue(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}
