import type { McpBackend, McpHttpTransport, McpRoute } from "../model/mcp.ts";
import type { Key } from "../model/origin.ts";
import type { Secrets } from "../model/values.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Logger } from "../telemetry/logger.ts";
import { openAccess, type RouteAccess } from "./access/access.ts";
import { createRouteAccess } from "./access/route-access.ts";
import type { AccessServices } from "./access/verify-caller.ts";
import type { BackendConnection } from "./backends/connection.ts";
import { Health } from "./backends/health.ts";
import { HttpConnection, type HttpPlace } from "./backends/http-connection.ts";
import { ListMemory } from "./legacy/list-memory.ts";
import { BackendEra } from "./modern/backend-era.ts";
import { EraConnection } from "./modern/era-connection.ts";
import { type Naming, namingOf } from "./naming/naming.ts";
import { compileSelector } from "./naming/selector.ts";
import { connectStdio } from "./stdio/connect-stdio.ts";

/** A route with all that its requests need at hand. */
export interface PreparedRoute {
  readonly route: McpRoute;
  readonly naming: Naming;
  readonly backends: readonly PreparedBackend[];
  readonly byName: ReadonlyMap<string, PreparedBackend>;
  readonly byPrefix: ReadonlyMap<string, PreparedBackend>;
  readonly access: RouteAccess;
  /** Lower-case headers that the security policy sets: what clients send under these names does not count. */
  readonly ownHeaders: ReadonlySet<string>;
}

export interface PreparedBackend {
  readonly backend: McpBackend;
  readonly name: string;
  /** What clients see before its names. */
  readonly prefix: string;
  readonly connection: BackendConnection;
  /** For logs: where its requests go. */
  readonly path: string;
  readonly health: Health;
  readonly lists: ListMemory;
  readonly era: BackendEra;
  readonly shows: { readonly [K in "tool" | "prompt" | "resource"]: (name: string) => boolean };
}

/** Where a backend of the model can be reached. */
export type Places = (backend: Key) => readonly HttpPlace[];

export interface RouteParts {
  readonly runtime: Pick<Runtime, "fetch">;
  readonly secrets: Secrets;
  readonly places: Places;
  readonly log: Logger;
  /** The program's own. */
  readonly version: string;
  /** For security policies. */
  readonly services: AccessServices;
  /** Of one route with OAuth its documents are at the root as well. */
  readonly isAlone: boolean;
  /** The backend of the same route, name and print before a reload: what it knows is kept. */
  readonly known: (route: McpRoute, backend: McpBackend) => PreparedBackend | undefined;
}

export function prepareRoute(route: McpRoute, parts: RouteParts): PreparedRoute {
  const backends = route.backends.map((backend) => prepareBackend(route, backend, parts));
  const { oauth, apiKeys, authorization } = route.security;
  const isOpen = [oauth, apiKeys, authorization, route.backendSelector].every((part) => part === undefined);
  const claimHeaders = oauth?.claimHeaders.map(({ header }) => header) ?? [];
  const clientId = apiKeys?.clientIdHeader;
  return {
    route,
    naming: namingOf(route),
    backends,
    byName: new Map(backends.map((backend) => [backend.name, backend])),
    byPrefix: new Map(backends.map((backend) => [backend.prefix, backend])),
    access: isOpen ? openAccess : createRouteAccess(route, parts.secrets, parts.services, parts.isAlone),
    ownHeaders: new Set(clientId === undefined ? claimHeaders : [...claimHeaders, clientId]),
  };
}

function prepareBackend(route: McpRoute, backend: McpBackend, parts: RouteParts): PreparedBackend {
  const { name, alias, transport } = backend;
  const known = parts.known(route, backend);
  const era = known?.backend.protocol === backend.protocol ? known.era : new BackendEra(backend.protocol);
  return {
    backend,
    name,
    prefix: alias ?? name,
    connection: connect(route, backend, parts, era, known),
    path: transport.type === "http" ? transport.path : transport.command,
    health: known?.health ?? new Health(),
    lists: known?.lists ?? new ListMemory(),
    era,
    shows: {
      tool: compileSelector(backend.tools),
      prompt: compileSelector(backend.prompts),
      resource: compileSelector(backend.resources),
    },
  };
}

function connect(
  route: McpRoute,
  backend: McpBackend,
  parts: RouteParts,
  era: BackendEra,
  known: PreparedBackend | undefined,
): BackendConnection {
  const { transport, name } = backend;
  const { secrets, log, version } = parts;
  // A child goes on through a reload.
  if (transport.type === "stdio" && known?.era === era) return known.connection;
  const clientInfo = { name: "aigw", version };
  const raw =
    transport.type === "http"
      ? connectHttp(route, transport, parts)
      : connectStdio({ name, transport, secrets, limits: route.limits, log, clientInfo });
  return backend.protocol === "legacy" ? raw : new EraConnection(raw, era, clientInfo);
}

function connectHttp(route: McpRoute, transport: McpHttpTransport, parts: RouteParts): HttpConnection {
  const { runtime, secrets, places, version } = parts;
  const headers = transport.headers.flatMap(([name, ref]): [string, string][] => {
    const value = secrets.value(ref);
    return value === undefined ? [] : [[name, value]];
  });
  const path =
    transport.secretPath === undefined ? transport.path : (secrets.value(transport.secretPath) ?? "/");
  const { credential } = transport;
  const key = credential === undefined ? undefined : secrets.value(credential.secret);
  const query: string[] = [];
  if (transport.query !== undefined) query.push(secrets.value(transport.query) ?? "");
  if (credential?.type === "query" && key !== undefined) {
    query.push(`${encodeURIComponent(credential.name)}=${encodeURIComponent(key)}`);
  } else if (credential?.type === "header" && key !== undefined) {
    headers.push([credential.name, credential.scheme === "" ? key : `${credential.scheme} ${key}`]);
  }
  return new HttpConnection({
    runtime,
    places: places(transport.backend),
    path: query.length === 0 ? path : `${path}?${query.join("&")}`,
    headers,
    limits: route.limits,
    userAgent: `aigw/${version}`,
  });
}
