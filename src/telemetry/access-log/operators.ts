import type { Template } from "../../model/values.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import { isTemplateOperator, type TemplateOperator } from "../../policy/template.ts";
import { compileTimeFormat } from "../../policy/time-format.ts";
import { resolveRequestHeader, resolveResponseHeader, withoutPort } from "./headers.ts";
import { metadataNamespace, type Resolve, resolveMetadata } from "./metadata.ts";

type Operator = Exclude<Template[number], string>;
type Compile = (args: readonly string[], mapped: readonly HeaderAttribute[]) => Resolve;

const nothing: Resolve = () => undefined;

/** What each command operator says of a request. Texts and numbers keep their type in JSON. */
const operators: { readonly [O in TemplateOperator]: Compile } = {
  BYTES_RECEIVED: () => (record) => record.bytesReceived,
  BYTES_SENT: () => (record) => record.bytesSent,
  // What only a proxy with its own sockets could know.
  CONNECTION_TERMINATION_DETAILS: () => nothing,
  REQUESTED_SERVER_NAME: () => nothing,
  UPSTREAM_LOCAL_ADDRESS: () => nothing,
  DOWNSTREAM_LOCAL_ADDRESS: () => (record) => record.downstreamLocalAddress,
  DOWNSTREAM_REMOTE_ADDRESS: () => (record) => record.remoteAddress(),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: () => (record) => {
    const address = record.remoteAddress();
    return address === undefined ? undefined : withoutPort(address);
  },
  DURATION: () => (record) => Math.trunc(record.durationMs),
  DYNAMIC_METADATA: ([namespace, key = "", ...deeper], mapped) =>
    namespace === metadataNamespace && deeper.length === 0 ? resolveMetadata(key, mapped) : nothing,
  PROTOCOL: () => (record) => record.protocol,
  REQ: (names) => firstOf(names.map(resolveRequestHeader)),
  RESP: (names) => firstOf(names.map(resolveResponseHeader)),
  RESPONSE_CODE: () => (record) => record.status,
  RESPONSE_CODE_DETAILS: () => (record) => record.responseDetails,
  RESPONSE_FLAGS: () => (record) => record.responseFlags || "-",
  ROUTE_NAME: () => (record) => record.routeName,
  START_TIME: ([format]) => startTime(format),
  UPSTREAM_CLUSTER: () => (record) => record.upstreamCluster,
  UPSTREAM_HOST: () => (record) => record.upstreamHost,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: () => (record) => record.settled?.attempts ?? 0,
  UPSTREAM_TRANSPORT_FAILURE_REASON: () => (record) => record.upstreamFailure,
};

/** Throws for an operator that `parseTemplate` does not know; its templates hold none. */
export function compileOperator(
  { operator, arguments: args, maxLength }: Operator,
  mapped: readonly HeaderAttribute[],
): Resolve {
  if (!isTemplateOperator(operator)) throw new Error(`unknown operator ${operator} in an access log format`);
  const resolve = operators[operator](args, mapped);
  if (maxLength === undefined) return resolve;
  return (record) => {
    const value = resolve(record);
    return typeof value === "string" && value.length > maxLength ? value.slice(0, maxLength) : value;
  };
}

function firstOf([first = nothing, second]: readonly Resolve[]): Resolve {
  return second === undefined ? first : (record) => first(record) ?? second(record);
}

/** ISO 8601 in UTC with milliseconds, unless a format asks for something else. */
function startTime(format: string | undefined): Resolve {
  if (format !== undefined) {
    const write = compileTimeFormat(format);
    return (record) => write(record.startedAtMs);
  }
  let secondMs = Number.NaN;
  let second = "";
  return ({ startedAtMs }) => {
    const restMs = startedAtMs - secondMs;
    if (restMs >= 0 && restMs < 1000) return `${second}${String(Math.trunc(restMs)).padStart(3, "0")}Z`;
    const text = new Date(startedAtMs).toISOString();
    secondMs = Math.floor(startedAtMs / 1000) * 1000;
    second = text.slice(0, 20);
    return text;
  };
}
