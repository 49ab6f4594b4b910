import type { AiEntry } from "./access.ts";
import type { McpMount } from "./mcp.ts";
import type { Keyed, Part } from "./origin.ts";
import type { RouteMatch } from "./route.ts";
import type { SecretRef } from "./values.ts";

/** One socket. HTTP listeners of the Gateway on one port share a chain. */
export interface Listener extends Keyed {
  readonly address: string;
  readonly port: number;
  readonly chains: readonly FilterChain[];
}

export interface FilterChain extends Part {
  /** The Gateway's listeners that meet here. */
  readonly names: readonly string[];
  /** Clients speak TLS; such a chain has a socket's connections for `serverName`, and other chains have the others. */
  readonly tls?: ServerTls;
  readonly client: ClientPolicy;
  readonly hosts: readonly VirtualHost[];
}

export const tlsVersions = ["1.0", "1.1", "1.2", "1.3"] as const;
export type TlsVersion = (typeof tlsVersions)[number];

export interface ServerTls extends Part {
  /** The name that clients ask for, or `*.example.com`; absent: every other. */
  readonly serverName?: string;
  /** PEM. Clients get the one that fits what they can do. */
  readonly certificates: readonly { readonly chain: SecretRef; readonly key: SecretRef }[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** Clients show a certificate of one of these authorities. */
  readonly client?: { readonly authorities: readonly SecretRef[]; readonly isOptional: boolean };
}

export interface ClientPolicy extends Part {
  /** Largest request body that is held in memory; above it the client gets 413. */
  readonly maxBufferedBytes: number;
  /** So many proxies before the gateway tell by `x-forwarded-for` who a client is; absent: none. */
  readonly trustedHops?: number;
}

/**
 * Routes of one host. The most specific host wins and hosts never fall through.
 * `matches` are best first; the first that fits decides.
 */
export interface VirtualHost extends Part {
  /** `*`, `*.example.com` or a name. */
  readonly domains: readonly string[];
  readonly matches: readonly RouteMatch[];
  /** MCP endpoints of the host; absent where there are none. */
  readonly mcp?: readonly McpMount[];
  /** Whether AI endpoints are served on this host: it has a rule of an AIGatewayRoute. */
  readonly isAi: boolean;
  /** Absent: AI endpoints are open to everybody. */
  readonly entry?: AiEntry;
}
