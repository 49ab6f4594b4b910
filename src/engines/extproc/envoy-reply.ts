import { noRouteMessage } from "../../endpoints/index.ts";
import type { FailureCode } from "../../model/failure.ts";

/** What an answer of Envoy's own means, in the words that the gateway has for it. */
export interface EnvoyReply {
  readonly code: FailureCode;
  readonly message: string;
}

/**
 * Reads an answer that no upstream gave. `undefined` for those that are not about the way to an upstream: other filters
 * and an operator's own direct responses keep theirs.
 *
 * `details` is Envoy's `response.code_details`, where the filter asks for it.
 */
export function readEnvoyReply(status: number, details: string | undefined): EnvoyReply | undefined {
  switch (status) {
    case 404:
      return { code: "route_not_found", message: noRouteMessage };
    case 413:
      return { code: "request_too_large", message: "the request body is larger than this gateway accepts" };
    case 503:
      return readUnavailable(details ?? "");
    case 504:
      return { code: "upstream_timeout", message: "upstream request timeout" };
    default:
      return undefined;
  }
}

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details, read 2026-11 */
function readUnavailable(details: string): EnvoyReply {
  if (/connection_failure|connect_timeout|connection_termination_before/.test(details)) {
    return { code: "upstream_unreachable", message: "the upstream cannot be reached" };
  }
  if (details.includes("overflow"))
    return { code: "overflow", message: "too many requests are under way to the backends of this model" };
  if (details.startsWith("upstream_reset_before_response_started")) {
    return {
      code: "upstream_reset",
      message: "the upstream closed the connection before it answered",
    };
  }
  return { code: "no_healthy_upstream", message: "no healthy upstream" };
}
