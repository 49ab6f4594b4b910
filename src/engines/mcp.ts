import type { GatewayModel } from "../model/gateway.ts";
import type { Key } from "../model/origin.ts";
import type { Secrets } from "../model/values.ts";
import type { UpstreamEndpoint } from "./embedded/upstream.ts";

/** What answers MCP in this process, whichever engine brings the requests. It outlives all models. */
export interface McpAggregator {
  /** The routes of a model, which take the place of those before. `endpoints`: by keys of `GatewayModel.backends`. */
  prepare(
    model: Pick<GatewayModel, "mcpRoutes">,
    secrets: Secrets,
    endpoints: (backend: Key) => readonly UpstreamEndpoint[],
  ): McpEndpoints;
  /** Resolves when the servers without which there is no use in going on can be spoken to; rejects with why one cannot. */
  ready(): Promise<void>;
  /** Takes nothing new, and ends streams that would never end by themselves. */
  drain(): void;
  /** Ends what it holds, child processes among it. */
  close(): Promise<void>;
}

/** The MCP routes of one model; routes are keys of `GatewayModel.mcpRoutes`. */
export interface McpEndpoints {
  /** Whether a route answers this path: its own, or that of a document about it. */
  answers(route: Key, path: string): boolean;
  /** `path` is one that the route answers. `isLocal`: the listener can only be reached from this machine. Never rejects. */
  handle(route: Key, path: string, request: Request, isLocal: boolean): Promise<Response>;
}
