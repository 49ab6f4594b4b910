import type { PreparedBackend } from "../../exchange/prepare.ts";
import type { Settled } from "../../exchange/settled.ts";
import type { HeaderView } from "../../model/headers.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { Metadata } from "./codec/processing-response.ts";
import { metadataNamespace } from "./names.ts";

type Field = readonly [name: string, value: string | number];

/** What can be said of an attempt before it is answered; so failed requests are described in logs as well. */
export function describeAttempt(
  { ai }: PreparedBackend,
  originalModel: string,
  headers: HeaderView,
  logAttributes: readonly HeaderAttribute[],
  contentLength: number | undefined,
): Metadata {
  const fields: Field[] = [];
  if (contentLength !== undefined) fields.push(["content_length", contentLength]);
  fields.push(["backend_name", ai.key]);
  for (const { attribute, headers: names } of logAttributes) {
    const value = firstFilled(names, headers);
    if (value !== undefined) fields.push([attribute, value]);
  }
  addNames(fields, ai.backendName, ai.routeName, ai.modelOverride ?? originalModel);
  return { namespace: metadataNamespace, fields };
}

/** What an exchange came to: costs for rate limits, names and times for logs. */
export function describeSettled(settled: Settled): Metadata | undefined {
  const { backend, costs, responseModel, firstTokenMs, perOutputTokenMs } = settled;
  if (backend === undefined) return undefined;
  const fields: Field[] = costs === undefined ? [] : Object.entries(costs);
  addNames(fields, backend.backendName, backend.routeName, settled.requestModel);
  if (responseModel !== undefined && responseModel !== "") fields.push(["response_model", responseModel]);
  if (firstTokenMs !== undefined) fields.push(["token_latency_ttft", Math.trunc(firstTokenMs)]);
  if (perOutputTokenMs !== undefined) fields.push(["token_latency_itl", perOutputTokenMs]);
  return { namespace: metadataNamespace, fields };
}

function addNames(fields: Field[], backendName: string, routeName: string, requestModel: string): void {
  fields.push(["model_name_override", requestModel], ["ai_service_backend_name", backendName]);
  if (routeName !== "") fields.push(["route_name", routeName]);
}

/** An empty header is as good as none here. */
function firstFilled(names: readonly string[], headers: HeaderView): string | undefined {
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null && value !== "") return value;
  }
  return undefined;
}
