import type { AccessLog } from "../../../model/access-log.ts";
import type { Template } from "../../../model/values.ts";
import { isSecretHeader } from "../../../policy/secret-headers.ts";
import { type FactCollector, requestNamespace } from "./log-facts.ts";
import type { JsonObject } from "./proto.ts";

type Operator = Exclude<Template[number], string>;

/** A log's format in Envoy's words. */
export function writeLogFormat(format: AccessLog["format"], facts: FactCollector): JsonObject {
  if (format.type === "json") {
    const members = format.members.map(([name, template]) => [name, writeTemplate(template, facts)]);
    return { json_format: Object.fromEntries(members) };
  }
  const text = writeTemplate(format.text, facts);
  return { text_format_source: { inline_string: text.endsWith("\n") ? text : `${text}\n` } };
}

/** A template in Envoy's words. */
export function writeTemplate(template: Template, facts: FactCollector): string {
  return template
    .map((part) => (typeof part === "string" ? part.replaceAll("%", "%%") : writeOperator(part, facts)))
    .join("");
}

function writeOperator(operator: Operator, facts: FactCollector): string {
  const length = operator.maxLength === undefined ? "" : `:${operator.maxLength}`;
  return `%${writeCommand(operator, facts)}${length}%`;
}

function writeCommand({ operator, arguments: names }: Operator, facts: FactCollector): string {
  if (operator === "REQ") return writeRequestHeader(names, facts);
  if (operator === "RESP") return writeResponseHeader(names, facts);
  // Text and numbers, times and names: these Envoy says in the same words.
  if (operator === "DYNAMIC_METADATA") return `DYNAMIC_METADATA(${names.join(":")})`;
  return names.length === 0 ? operator : `${operator}(${names.join(",")})`;
}

function writeRequestHeader(names: readonly string[], facts: FactCollector): string {
  if (!names.some((name) => facts.isKept(name))) return `REQ(${names.join("?")})`;
  // The client's path is always there, so nothing behind it counts.
  const [first = ""] = names;
  const counted = first === "x-envoy-original-path" ? [first] : names;
  return `DYNAMIC_METADATA(${requestNamespace}:${facts.keep(counted)})`;
}

/** Milliseconds from the last byte to the upstream to the first one from it. */
const serviceTime = "COMMON_DURATION(US_TX_END:US_RX_BEG:ms)";

function writeResponseHeader(names: readonly string[], facts: FactCollector): string {
  const [first = ""] = names;
  if (first === "x-request-id") return "REQ(x-request-id)";
  if (first === "x-envoy-upstream-service-time") return serviceTime;
  if (!names.some(isSecretHeader)) return `RESP(${names.join("?")})`;
  return `DYNAMIC_METADATA(${requestNamespace}:${facts.keepResponse(names)})`;
}
