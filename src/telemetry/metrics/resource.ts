import type { Logger } from "../logger.ts";

/**
 * The attributes of this process as OpenTelemetry describes it, from `OTEL_RESOURCE_ATTRIBUTES` and
 * `OTEL_SERVICE_NAME`, which wins. Pairs that cannot be read are left out and reported by position.
 */
export function readResource(
  environment: { readonly [name: string]: string | undefined },
  version: string,
  log: Logger,
): ReadonlyMap<string, string> {
  const resource = new Map([["service.name", "ai-gateway"]]);
  const text = environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "";
  for (const [index, pair] of text.split(",").entries()) {
    if (pair.trim() === "") continue;
    const read = readAttribute(pair);
    if (read !== undefined) resource.set(...read);
    else
      log.warn("OTEL_RESOURCE_ATTRIBUTES: a pair is not name=value, percent-encoded; left out", {
        pair: index + 1,
      });
  }
  const serviceName = environment["OTEL_SERVICE_NAME"] ?? "";
  if (serviceName !== "") resource.set("service.name", serviceName);
  resource.set("telemetry.sdk.language", "nodejs");
  resource.set("telemetry.sdk.name", "opentelemetry");
  resource.set("telemetry.sdk.version", version);
  return resource;
}

function readAttribute(pair: string): [string, string] | undefined {
  const equals = pair.indexOf("=");
  const name = pair.slice(0, equals).trim();
  if (equals < 0 || name === "") return undefined;
  try {
    return [name, decodeURIComponent(pair.slice(equals + 1).trim())];
  } catch {
    return undefined;
  }
}
