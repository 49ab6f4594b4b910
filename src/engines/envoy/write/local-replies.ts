import { defaultMount, failureWriters, noRouteMessage } from "../../../endpoints/index.ts";
import { type FailureCode, failureStatus } from "../../../model/failure.ts";
import { exchangeIdHeader, failureHeader } from "../names.ts";
import { celFilter } from "./cel-filter.ts";
import { factKey, requestNamespace } from "./log-facts.ts";
import type { JsonObject } from "./proto.ts";

type Family = keyof typeof failureWriters;

/** An answer of Envoy's own: how it is known, and what it means. */
interface Reply {
  readonly when: JsonObject;
  readonly code: FailureCode;
  readonly message: string;
}

/**
 * Envoy's own answers in the words and the shape of the client that gets them, with their `FailureCode` in a header.
 * Answers of the processor are none of these and stay as they are.
 */
export function writeLocalReplies(maxBodyBytes: number): JsonObject {
  const replies = [...causes, tooLarge(maxBodyBytes)];
  const mappers = families.flatMap(({ family, when }) =>
    replies.map((reply) => writeMapper(family, { ...reply, when: both(reply.when, when) })),
  );
  return { mappers };
}

const clientPath = `metadata.filter_metadata['${requestNamespace}']['${factKey([":path"])}']`;
const { prefixes } = defaultMount;

/** The first that fits; OpenAI's is what all other paths have. */
const families: readonly { readonly family: Family; readonly when: JsonObject | undefined }[] = [
  { family: "anthropic", when: celFilter(`${clientPath}.startsWith('${prefixes.anthropic}/')`) },
  { family: "cohere", when: celFilter(`${clientPath}.startsWith('${prefixes.cohere}/')`) },
  { family: "openai", when: undefined },
];

function flags(...names: string[]): JsonObject {
  return { response_flag_filter: { flags: names } };
}

function both(one: JsonObject, other: JsonObject | undefined): JsonObject {
  return other === undefined ? one : { and_filter: { filters: [one, other] } };
}

const causes: readonly Reply[] = [
  // A host that nothing is known of gets no body; here the processor was asked and named a model.
  {
    when: both(
      flags("NR"),
      celFilter(`metadata.filter_metadata['${requestNamespace}']['${exchangeIdHeader}'] != ''`),
    ),
    code: "route_not_found",
    message: noRouteMessage,
  },
  { when: flags("NC"), code: "broken_route", message: "the backend for this model is not configured" },
  { when: flags("UH"), code: "no_healthy_upstream", message: "no healthy upstream" },
  {
    when: flags("UO"),
    code: "overflow",
    message: "too many requests are under way to the backends of this model",
  },
  { when: flags("UF"), code: "upstream_unreachable", message: "the upstream cannot be reached" },
  { when: flags("UT", "SI", "DT"), code: "upstream_timeout", message: "upstream request timeout" },
  {
    when: flags("UC", "UR", "LR", "UPE"),
    code: "upstream_reset",
    message: "the upstream closed the connection before it answered",
  },
  {
    when: celFilter("response.code_details.startsWith('ext_proc_error')"),
    code: "internal",
    message: "the gateway failed to handle this request",
  },
];

function tooLarge(maxBodyBytes: number): Reply {
  return {
    when: celFilter(
      "response.code_details == 'request_payload_too_large' || (response.code_details == 'direct_response' && response.code == 413)",
    ),
    code: "request_too_large",
    message: `the request body is larger than the ${maxBodyBytes} bytes that this gateway accepts`,
  };
}

function writeMapper(family: Family, { when, code, message }: Reply): JsonObject {
  const status = failureStatus[code];
  // Text and operator share the body, so the text must not look like one.
  const requestId = "\u0000";
  const answer = failureWriters[family]({ code, status, message, requestId });
  const text = answer.body.replaceAll("%", "%%").replaceAll("\\u0000", "%REQ(x-request-id)%");
  const names = new Set([
    "x-request-id",
    ...answer.headers.flatMap(([name, value]) => (value === requestId ? [name] : [])),
  ]);
  return {
    filter: when,
    status_code: status,
    headers_to_add: [
      header(failureHeader, code),
      ...[...names].map((name) => header(name, "%REQ(x-request-id)%")),
    ],
    body_format_override: {
      text_format_source: { inline_string: text },
      content_type: "application/json",
    },
  };
}

function header(key: string, value: string): JsonObject {
  return { header: { key, value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" };
}
