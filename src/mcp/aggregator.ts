import type { GatewayModel } from "../model/gateway.ts";
import type { McpBackend, McpRoute } from "../model/mcp.ts";
import type { Key } from "../model/origin.ts";
import type { Secrets } from "../model/values.ts";
import { KeySets } from "../policy/access/key-set.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { McpListener } from "../telemetry/mcp.ts";
import { createAccessServices } from "./access/access-services.ts";
import { Clocks } from "./backends/clock.ts";
import { ParkedCalls } from "./modern/legacy-call.ts";
import { LegacyPool } from "./modern/legacy-pool.ts";
import { type Places, type PreparedBackend, type PreparedRoute, prepareRoute } from "./prepare.ts";
import { RpcError, rpcCodes, writeError } from "./rpc/errors.ts";
import { listsChanged } from "./rpc/lists-changed.ts";
import { serve } from "./serve.ts";
import type { McpServer } from "./server.ts";
import { KeyRing } from "./session/key-ring.ts";
import { SealedIds } from "./session/sealed-ids.ts";
import { Sessions } from "./session/sessions.ts";
import { checkStart } from "./stdio/fail-fast.ts";

export interface AggregatorOptions {
  readonly runtime: Pick<Runtime, "fetch">;
  readonly log: Logger;
  /** Told of every message; absent while nobody listens. */
  readonly listener?: McpListener | undefined;
  readonly version: string;
  /** The first seals what clients carry, all open it. */
  readonly seeds: readonly string[];
  readonly iterations: number;
}

/** The MCP routes of one model, ready for requests. */
export interface McpEndpoints {
  /** Whether a route answers this path: its own, or that of a document about it. */
  answers(route: Key, path: string): boolean;
  /** `path` is without query and one that the route answers. Never rejects. */
  handle(route: Key, path: string, request: Request, isLocal: boolean): Promise<Response>;
}

/** Many MCP servers behind one endpoint for each route. Lives as long as the process, through all reloads. */
export class Aggregator {
  readonly #options: AggregatorOptions;
  /** Begun with the first route: keys take some tens of milliseconds to derive, and most gateways have no MCP. */
  #starting: Promise<McpServer> | undefined;
  #server: McpServer | undefined;
  #routes: ReadonlyMap<Key, PreparedRoute> = new Map();
  /** Keys of authorization servers outlive models. */
  readonly #keySets = new KeySets();
  #isDraining = false;

  constructor(options: AggregatorOptions) {
    this.#options = options;
  }

  /** The routes of a model, which take the place of those before; what backends have learnt is kept. */
  prepare(model: Pick<GatewayModel, "mcpRoutes">, secrets: Secrets, places: Places): McpEndpoints {
    const { runtime, log, version } = this.#options;
    const all = Object.values(model.mcpRoutes);
    const before = this.#routes;
    const parts = {
      runtime,
      secrets,
      places,
      services: createAccessServices(runtime, log, this.#keySets, places),
      isAlone: all.filter(({ security }) => security.oauth !== undefined).length === 1,
      log,
      version,
      known: (route: McpRoute, backend: McpBackend) => sameBackend(before.get(route.key), backend),
    };
    const routes = new Map(all.map((route) => [route.key, prepareRoute(route, parts)]));
    this.#routes = routes;
    if (routes.size > 0) this.#starting ??= this.#start();
    this.#retire(before, routes);
    this.#tellChanges(before, routes);
    return {
      answers: (key, path) => {
        const route = routes.get(key);
        return (
          route !== undefined && (route.route.path === path || route.access.documentPaths.includes(path))
        );
      },
      handle: (key, path, request, isLocal) => this.#handle(routes.get(key), path, request, isLocal),
    };
  }

  /** Resolves when the servers without which there is no use in going on can be spoken to; rejects with why one cannot. */
  async ready(): Promise<void> {
    const clientInfo = { name: "aigw", version: this.#options.version };
    const backends = [...this.#routes.values()].flatMap((route) => route.backends);
    const needed = backends.filter(
      ({ backend: { transport } }) => transport.type === "stdio" && transport.isFailFast,
    );
    await Promise.all(needed.map(({ name, connection }) => checkStart(name, connection, clientInfo)));
  }

  /** Takes nothing new, and ends streams that would never end by themselves. */
  drain(): void {
    this.#isDraining = true;
    for (const session of this.#server?.sessions.known() ?? []) session.closeStream?.();
    for (const end of [...(this.#server?.streams ?? [])]) end();
  }

  /** Ends what connections hold, child processes among it. */
  async close(): Promise<void> {
    this.drain();
    this.#server?.pool.close();
    const backends = [...this.#routes.values()].flatMap((route) => route.backends);
    await Promise.all(backends.map(({ connection }) => connection.close()));
  }

  async #handle(
    route: PreparedRoute | undefined,
    path: string,
    request: Request,
    isLocal: boolean,
  ): Promise<Response> {
    if (route === undefined) return new Response(null, { status: 404 });
    if (this.#isDraining) return draining();
    if (path !== route.route.path) return route.access.document(path, request);
    this.#server ??= await (this.#starting ?? this.#start());
    return serve({ server: this.#server, route, request, isLocal, listener: this.#options.listener });
  }

  async #start(): Promise<McpServer> {
    const { log, version, seeds, iterations } = this.#options;
    const keys = await KeyRing.derive(seeds, iterations);
    const sessions = new Sessions({ keys });
    return {
      name: "aigw",
      version,
      log,
      keys,
      sessions,
      sealedIds: new SealedIds(keys),
      clocks: new Clocks(),
      pool: new LegacyPool(),
      parked: new ParkedCalls(),
      streams: new Set(),
    };
  }

  /** Clients that listen hear when their route shows other things than before. */
  #tellChanges(before: ReadonlyMap<Key, PreparedRoute>, after: ReadonlyMap<Key, PreparedRoute>): void {
    for (const [key, route] of after) {
      const known = before.get(key);
      if (known === undefined || shownBy(known) === shownBy(route)) continue;
      for (const session of this.#server?.sessions.known(key) ?? []) {
        for (const message of listsChanged) session.notify?.(message);
      }
    }
  }

  /** Closes connections that no route has any more. */
  #retire(before: ReadonlyMap<Key, PreparedRoute>, after: ReadonlyMap<Key, PreparedRoute>): void {
    const kept = new Set(
      [...after.values()].flatMap((route) => route.backends.map(({ connection }) => connection)),
    );
    for (const { backends } of before.values()) {
      for (const { connection } of backends) if (!kept.has(connection)) void connection.close();
    }
  }
}

function draining(): Response {
  const body = writeError(new RpcError(rpcCodes.refused, "the gateway is shutting down"), undefined);
  return new Response(body, {
    status: 503,
    headers: { "content-type": "application/json", "retry-after": "1" },
  });
}

/** All that decides what a client sees in lists, as text to compare. */
function shownBy({ route }: PreparedRoute): string {
  const { backends, prefixMode, security } = route;
  const shown = backends.map(({ name, alias, tools, prompts, resources }) => [
    name,
    alias,
    tools,
    prompts,
    resources,
  ]);
  return JSON.stringify([prefixMode, shown, security.authorization], withoutPositions);
}

/** Where something was written changes with every line above it. */
function withoutPositions(member: string, value: unknown): unknown {
  return member === "at" || member === "why" ? undefined : value;
}

/** The same server, as far as can be told from how it is reached. */
function sameBackend(before: PreparedRoute | undefined, backend: McpBackend): PreparedBackend | undefined {
  const known = before?.byName.get(backend.name);
  const isSame = known !== undefined && transportText(known.backend) === transportText(backend);
  return isSame ? known : undefined;
}

function transportText({ transport }: McpBackend): string {
  return JSON.stringify(transport, withoutPositions);
}
