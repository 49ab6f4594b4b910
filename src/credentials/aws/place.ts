import { isIP } from "node:net";

/** The host and region that a signature is for. */
export interface Place {
  readonly host: string;
  readonly region: string;
}

const bedrockHost =
  /(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|vpce\.amazonaws\.com|api\.aws)$/;

/** The upstream's own name, where it has one, and the region that this name tells; else the configured region's. */
export function placeOf(upstreamHost: string | undefined, region: string): Place {
  const host = upstreamHost?.toLowerCase() ?? "";
  if (host === "" || isIP(host.replace(/^\[(.*)\]$/, "$1")) !== 0) {
    return { host: `bedrock-runtime.${region}.amazonaws.com`, region };
  }
  return { host, region: bedrockHost.exec(host)?.[1] ?? region };
}
