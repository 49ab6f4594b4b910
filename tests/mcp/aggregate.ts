/** An aggregator behind a socket, in this process: most of what clients see needs no more. */
import { Aggregator, type AggregatorOptions } from "../../src/mcp/index.ts";
import { defaultMcpLimits, type McpBackend, type McpLimits, type McpRoute } from "../../src/model/mcp.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import type { LogFields, Logger } from "../../src/telemetry/logger.ts";

export interface AggregateOptions {
  /** Name to URL of a server, in order. */
  readonly servers: Readonly<Record<string, string>>;
  readonly route?: Partial<McpRoute>;
  readonly limits?: Partial<McpLimits>;
  readonly backend?: (name: string) => Partial<McpBackend>;
  readonly seeds?: readonly string[];
  readonly options?: Partial<AggregatorOptions>;
}

export interface Aggregate extends AsyncDisposable {
  /** Of the MCP endpoint. */
  readonly url: string;
  readonly aggregator: Aggregator;
  readonly log: string[];
  /** Takes another configuration, as a reload does. */
  reload(options: AggregateOptions): void;
}

export function startAggregate(options: AggregateOptions): Aggregate {
  const log: string[] = [];
  const aggregator = new Aggregator({
    runtime: createBunRuntime(),
    log: listening(log),
    version: "1.2.3",
    seeds: options.seeds ?? ["tests"],
    iterations: 1,
    ...options.options,
  });
  const { key } = routeOf(options);
  let endpoints = prepare(aggregator, options);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (!endpoints.answers(key, pathname)) return new Response(null, { status: 404 });
      return endpoints.handle(key, pathname, request, true);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/mcp`,
    aggregator,
    log,
    reload(next) {
      endpoints = prepare(aggregator, next);
    },
    async [Symbol.asyncDispose]() {
      await aggregator.close();
      await server.stop(true);
    },
  };
}

function prepare(aggregator: Aggregator, options: AggregateOptions) {
  const route = routeOf(options);
  const places = (key: string) => {
    const url = options.servers[key];
    if (url === undefined) return [];
    const place = { origin: new URL(url).origin, hostHeader: undefined, unix: undefined, tls: undefined };
    return [place];
  };
  return aggregator.prepare({ mcpRoutes: { [route.key]: route } }, { value: ({ id }) => id }, places);
}

function routeOf({ servers, route, limits, backend }: AggregateOptions): McpRoute {
  return {
    key: "default/mcp",
    print: "",
    at: 0,
    path: "/mcp",
    backends: Object.entries(servers).map(([name, url]) => ({
      at: 0,
      name,
      transport: { type: "http" as const, backend: name, path: new URL(url).pathname, headers: [] },
      protocol: "auto" as const,
      forwardHeaders: [],
      ...backend?.(name),
    })),
    prefixMode: "always",
    failureMode: "open",
    security: {},
    allowedOrigins: [],
    limits: { ...defaultMcpLimits, ...limits },
    ...route,
  };
}

function listening(lines: string[]): Logger {
  const add = (level: string) => (message: string, fields?: LogFields) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  return { isOn: () => true, debug: add("debug"), info: add("info"), warn: add("warn"), error: add("error") };
}
