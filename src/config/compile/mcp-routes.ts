import type { Backend } from "../../model/backend.ts";
import { defaultMcpLimits, type McpLimits, type McpRoute } from "../../model/mcp.ts";
import type { NamedMatch } from "../../model/values.ts";
import { originOf, type Resource } from "../resource.ts";
import { parseDurationMs, parseQuantityBytes } from "../units.ts";
import { variable } from "../world.ts";
import type { Context } from "./context.ts";
import { compileMcpBackends } from "./mcp-backends.ts";
import { compileMcpSecurity, compileSelector } from "./mcp-security.ts";
import { printOf } from "./print.ts";
import { compileValueMatch } from "./regex.ts";

type Route = Resource<"MCPRoute">;

export interface CompiledMcpRoute {
  readonly route: McpRoute;
  /** What a request must have beside host and path. */
  readonly headers: readonly NamedMatch[];
  /** Those that its servers are. */
  readonly backends: readonly Backend[];
}

/** One MCPRoute: its servers, who may call it, and what they see. */
export function compileMcpRoute(
  context: Context,
  backends: ReadonlyMap<Resource<"Backend">, Backend | undefined>,
  resource: Route,
): CompiledMcpRoute {
  const { spec } = resource.value;
  const { namespace, name } = resource.id;
  const servers = compileMcpBackends(context, backends, resource);
  const { security, keysBackend } = compileMcpSecurity(context, backends, resource);
  const selector = compileSelector(context, resource);
  const content = {
    path: spec.path,
    backends: servers.map(({ server }) => server),
    prefixMode: spec.prefixMode,
    failureMode: spec.failureMode === "failOpen" ? ("open" as const) : ("closed" as const),
    ...(selector === undefined ? {} : { backendSelector: selector }),
    security,
    allowedOrigins: spec.allowedOrigins,
    limits: compileLimits(context, resource),
  };
  const used = [...servers.map(({ backend }) => backend), keysBackend].filter((one) => one !== undefined);
  const prints = used.map(({ print }) => print);
  return {
    route: {
      key: `${namespace}/${name}`,
      print: printOf({ id: { namespace, name }, ...content, prints }),
      at: context.origins.at(resource),
      ...content,
    },
    headers: compileHeaders(context, resource),
    backends: used,
  };
}

function compileHeaders(context: Context, resource: Route): NamedMatch[] {
  return resource.value.spec.headers.map((header, index) => ({
    name: header.name.toLowerCase(),
    value: compileValueMatch(context, resource, ["spec", "headers", index], header),
  }));
}

/** Fields of `spec.limits` to those of the model. */
const sizes = {
  maxRequestSize: "maxRequestBytes",
  maxResponseSize: "maxResponseBytes",
  maxEventSize: "maxEventBytes",
} as const;
const times = {
  initializeTimeout: "initializeMs",
  listTimeout: "listMs",
  callIdleTimeout: "callIdleMs",
  callTimeout: "callMs",
  sessionMaxAge: "sessionMs",
  heartbeatInterval: "heartbeatMs",
  listCacheTTL: "listCacheMs",
} as const;

type Mutable<T> = { -readonly [member in keyof T]: T[member] };

/** What the route says, else what the reference's variables say, else the defaults. */
function compileLimits(context: Context, resource: Route): McpLimits {
  const written = resource.value.spec.limits;
  const limits: Mutable<McpLimits> = { ...defaultMcpLimits, ...limitsOfEnvironment(context, resource) };
  if (written === undefined) return limits;
  for (const [field, member] of Object.entries(sizes)) {
    const size = written[field as keyof typeof sizes];
    if (size !== undefined) limits[member] = parseQuantityBytes(size) ?? limits[member];
  }
  for (const [field, member] of Object.entries(times)) {
    const time = written[field as keyof typeof times];
    if (time !== undefined) limits[member] = parseDurationMs(time);
  }
  limits.pageSize = written.pageSize ?? limits.pageSize;
  return limits;
}

const sizeVariable = "MCP_PROXY_MAX_REQUEST_BODY_SIZE";
const heartbeatVariable = "MCP_PROXY_HEARTBEAT_INTERVAL";

function limitsOfEnvironment({ world, report }: Context, resource: Route): Partial<McpLimits> {
  const size = variable(world.environment, sizeVariable) ?? "";
  const heartbeat = variable(world.environment, heartbeatVariable) ?? "";
  const bytes = /^\d+$/.test(size) ? Number(size) : 0;
  const heartbeatMs = parseGoDurationMs(heartbeat);
  const say = (name: string, text: string, wanted: string) =>
    report.warning(originOf(resource), "bad-variable", `${name}: ${JSON.stringify(text)} is not ${wanted}`);
  if (size !== "" && !(bytes > 0)) say(sizeVariable, size, "a number of bytes; the default is used");
  if (heartbeat !== "" && heartbeatMs === undefined)
    say(heartbeatVariable, heartbeat, "a duration such as 30s; the default is used");
  return {
    ...(bytes > 0 ? { maxRequestBytes: bytes } : {}),
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
  };
}

const goUnits: { readonly [unit: string]: number } = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3 };

/** `1m30s`, `1.5h`; 0 for what is not above it, since that switches off; `undefined` for anything else. */
function parseGoDurationMs(text: string): number | undefined {
  const [, sign, digits = ""] = /^([-+]?)(0|(?:\d+(?:\.\d+)?(?:h|ms|us|m|s))+)$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  let total = 0;
  for (const [, number, unit = ""] of digits.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|m|s)/g))
    total += Number(number) * (goUnits[unit] ?? 0);
  return sign === "-" ? 0 : Math.round(total);
}
