import { rmSync } from "node:fs";
import type { GatewayModel } from "../../model/gateway.ts";
import type { Secrets } from "../../model/values.ts";
import type { HttpServer, Runtime } from "../../runtime/runtime.ts";
import { prepareUpstreams } from "../embedded/upstream.ts";
import type { McpAggregator, McpEndpoints } from "../mcp.ts";
import { internalPrefix, mcpLocalHeader, mcpRouteHeader } from "./names.ts";

/** Far above what routes take: each has a limit of its own. */
const maxBodyBytes = 256 * 2 ** 20;

/** Where Envoy brings requests for MCP routes: a socket of this process, and the aggregator behind it. */
export class McpEndpoint {
  readonly #aggregator: McpAggregator;
  readonly #socket: string;
  readonly #runtime: Runtime;
  #routes: McpEndpoints | undefined;
  #server: HttpServer | undefined;

  constructor(aggregator: McpAggregator, socket: string, runtime: Runtime) {
    this.#aggregator = aggregator;
    this.#socket = socket;
    this.#runtime = runtime;
  }

  /** Serves this model from here on; those under way end with the one before. */
  use(model: GatewayModel, secrets: Secrets): void {
    const upstreams = prepareUpstreams(model.backends, secrets);
    this.#routes = this.#aggregator.prepare(model, secrets, (key) => upstreams.get(key) ?? []);
    if (this.#server !== undefined || Object.keys(model.mcpRoutes).length === 0) return;
    rmSync(this.#socket, { force: true });
    const options = { host: "", port: 0, unix: this.#socket, maxBodyBytes };
    this.#server = this.#runtime.serve(options, (request) => this.#serve(request));
  }

  /** Takes nothing new, and ends streams that would never end by themselves. */
  drain(): void {
    this.#aggregator.drain();
  }

  async stop(): Promise<void> {
    await this.#server?.kill();
    this.#server = undefined;
    rmSync(this.#socket, { force: true });
    await this.#aggregator.close();
  }

  /** Envoy says which routes it may be for; a document has to be looked for among them. */
  #serve(request: Request): Promise<Response> | Response {
    const { pathname } = new URL(request.url);
    const keys = request.headers.get(mcpRouteHeader)?.split(",") ?? [];
    const route = keys.find((key) => this.#routes?.answers(key, pathname) === true);
    if (route === undefined || this.#routes === undefined)
      return new Response("not found\n", { status: 404 });
    const isLocal = request.headers.has(mcpLocalHeader);
    return this.#routes.handle(route, pathname, withoutInternal(request), isLocal);
  }
}

function withoutInternal(request: Request): Request {
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()]) if (name.startsWith(internalPrefix)) headers.delete(name);
  return new Request(request, { headers });
}
