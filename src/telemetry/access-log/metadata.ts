import type { HeaderView } from "../../model/headers.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { RequestRecord } from "../request-record.ts";

/** A value of a log line; `undefined` is one that is not there. */
export type Value = string | number | undefined;
export type Resolve = (record: RequestRecord) => Value;

/** The namespace in which AI exchanges describe themselves to access logs. */
export const metadataNamespace = "io.envoy.ai_gateway";

/** What is known of an exchange whatever the configuration says; given as soon as there is a backend. */
const ownKeys: { readonly [key: string]: Resolve } = {
  backend_name: ({ settled }) => settled?.backend?.key,
  ai_service_backend_name: ({ settled }) => settled?.backend?.backendName,
  route_name: ({ settled }) => settled?.backend?.routeName,
  model_name_override: ({ settled }) => (settled?.backend === undefined ? undefined : settled.requestModel),
  response_model: ({ settled }) => settled?.responseModel || undefined,
  token_latency_ttft: ({ settled }) =>
    settled?.firstTokenMs === undefined ? undefined : Math.trunc(settled.firstTokenMs),
  token_latency_itl: ({ settled }) => settled?.perOutputTokenMs,
};

/**
 * Makes the reader of one key of the exchange's metadata: its own keys, mapped headers, then costs.
 * A key that nobody writes has no value, and is no error.
 */
export function resolveMetadata(key: string, mapped: readonly HeaderAttribute[]): Resolve {
  const own = Object.hasOwn(ownKeys, key) ? ownKeys[key] : undefined;
  if (own !== undefined) return own;
  const headers = mapped.find(({ attribute }) => attribute === key)?.headers;
  if (headers !== undefined) return ({ requestHeaders }) => firstFilled(headers, requestHeaders);
  return ({ settled }) => {
    const costs = settled?.costs;
    return costs !== undefined && Object.hasOwn(costs, key) ? costs[key] : undefined;
  };
}

/** An empty header is as good as none here. */
function firstFilled(names: readonly string[], headers: HeaderView): string | undefined {
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null && value !== "") return value;
  }
  return undefined;
}
