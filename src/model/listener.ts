import type { AiEntry } from "./access.ts";
import type { McpMount } from "./mcp.ts";
import type { Keyed, Part } from "./origin.ts";
import type { RouteMatch } from "./route.ts";

/** One socket. HTTP listeners of the Gateway on one port share a chain. */
export interface Listener extends Keyed {
  readonly address: string;
  readonly port: number;
  readonly chains: readonly FilterChain[];
}

export interface FilterChain extends Part {
  /** The Gateway's listeners that meet here. */
  readonly names: readonly string[];
  readonly client: ClientPolicy;
  readonly hosts: readonly VirtualHost[];
}

export interface ClientPolicy extends Part {
  /** Largest request body that is held in memory; above it the client gets 413. */
  readonly maxBufferedBytes: number;
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
