import type { Backend } from "../../model/backend.ts";
import type {
  McpBackend,
  McpCredential,
  McpHttpTransport,
  McpStdioTransport,
  NamePattern,
  NameSelector,
} from "../../model/mcp.ts";
import type { SecretRef } from "../../model/values.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import type { BackendRef } from "../resources/ai-gateway/mcp-route.ts";
import { groups } from "../resources/common.ts";
import type { Context } from "./context.ts";
import { isHeaderValue } from "./edits.ts";
import { checkRegex } from "./regex.ts";
import { referTo } from "./secret-entry.ts";

type Route = Resource<"MCPRoute">;
type Backends = ReadonlyMap<Resource<"Backend">, Backend | undefined>;
type Written<K extends keyof BackendRef> = NonNullable<BackendRef[K]>;

/** One backendRef of an MCPRoute. */
interface Place {
  readonly context: Context;
  readonly route: Route;
  readonly path: Path;
  readonly ref: BackendRef;
}

interface CompiledServer {
  readonly server: McpBackend;
  /** Absent for child processes. */
  readonly backend: Backend | undefined;
}

/** The servers of a route; what cannot be served is left out after a complaint. */
export function compileMcpBackends(context: Context, backends: Backends, route: Route): CompiledServer[] {
  const servers = route.value.spec.backendRefs.flatMap((ref, index) => {
    const path = ["spec", "backendRefs", index];
    return compileServer({ context, route, path, ref }, backends) ?? [];
  });
  sayAliases(context, route);
  if (servers.length === 0 && !context.report.hasErrors) {
    const message = "none of its servers can be served";
    context.report.error(originOf(route, ["spec", "backendRefs"]), "no-servers", message);
  }
  return servers;
}

/** Two servers must not look alike to clients. */
function sayAliases({ report }: Context, route: Route): void {
  const seen = new Map<string, number>();
  for (const [index, { name, prefix }] of route.value.spec.backendRefs.entries()) {
    const shown = prefix ?? name;
    const rival = seen.get(shown);
    if (rival === undefined) {
      seen.set(shown, index);
      continue;
    }
    const path = ["spec", "backendRefs", index, prefix === undefined ? "name" : "prefix"];
    const message = `another server of this route is shown to clients as ${JSON.stringify(shown)}, too`;
    report.error(originOf(route, path), "duplicate-prefix", message, {
      related: [["the other one", originOf(route, ["spec", "backendRefs", rival])]],
    });
  }
}

function compileServer(place: Place, backends: Backends): CompiledServer | undefined {
  const { context, route, path, ref } = place;
  const backend = ref.stdio === undefined ? findBackend(place, backends) : undefined;
  const transport =
    ref.stdio === undefined ? backend && compileHttp(place, backend) : compileStdio(place, ref.stdio);
  const tools = compileNames(place, "toolSelector");
  const prompts = compileNames(place, "promptSelector");
  const resources = compileNames(place, "resourceSelector");
  const forwardHeaders = compileForwards(place);
  if (transport === undefined) return undefined;
  const server: McpBackend = {
    at: context.origins.at(route, path),
    name: ref.name,
    ...(ref.prefix === undefined || ref.prefix === ref.name ? {} : { alias: ref.prefix }),
    transport,
    protocol: ref.protocol,
    ...(tools === undefined ? {} : { tools }),
    ...(prompts === undefined ? {} : { prompts }),
    ...(resources === undefined ? {} : { resources }),
    forwardHeaders,
  };
  return { server, backend };
}

function findBackend({ context, route, path, ref }: Place, backends: Backends): Backend | undefined {
  const { report, inventory } = context;
  const namespace = ref.namespace ?? route.id.namespace;
  const owner = `MCPRoute ${route.id.namespace}/${route.id.name}`;
  if (namespace !== route.id.namespace) {
    const message = `cross-namespace backend reference is not supported: backend ${namespace}/${ref.name} in ${owner}`;
    report.error(originOf(route, [...path, "namespace"]), "cross-namespace", message);
    return undefined;
  }
  if (ref.kind === "Service" && ref.group === "") {
    const message = `references Service ${JSON.stringify(ref.name)}, which does not exist outside Kubernetes`;
    const mend = `use a ${groups.envoy} Backend with an fqdn, ip or unix endpoint`;
    report.warning(originOf(route, path), "service-reference", message, { mend });
    return undefined;
  }
  if (ref.kind !== "Backend" || ref.group !== groups.envoy) {
    const message = `must reference a Backend of ${groups.envoy}, not ${ref.kind} of ${JSON.stringify(ref.group)}`;
    report.error(originOf(route, path), "wrong-reference", message);
    return undefined;
  }
  const found = inventory.find("Backend", namespace, ref.name);
  if (found.type === "missing") {
    const message = `${owner} references Backend "${namespace}/${ref.name}", which is not in the configuration`;
    report.error(originOf(route, [...path, "name"]), "missing-reference", message);
  }
  return found.type === "found" ? backends.get(found.resource) : undefined;
}

function compileHttp(place: Place, backend: Backend): McpHttpTransport {
  const { ref } = place;
  const [written = "", ...parameters] = ref.path.split("?");
  const query = ref.query ?? (parameters.length === 0 ? undefined : parameters.join("?"));
  const credential = compileCredential(place);
  return {
    type: "http",
    backend: backend.key,
    path: written.startsWith("/") ? written : `/${written}`,
    ...(ref.secretPath === undefined ? {} : { secretPath: literal(place, ["secretPath"], ref.secretPath) }),
    ...(query === undefined ? {} : { query: literal(place, ["query"], query) }),
    headers: compileHeaders(place),
    ...(credential === undefined ? {} : { credential }),
  };
}

/** A value that stands in the route itself. */
function literal({ context, route, path, ref }: Place, field: Path, value: string): SecretRef {
  const at = [...path, ...field];
  const { namespace, name } = route.id;
  const what = `MCPRoute ${namespace}/${name} ${ref.name} ${field.join(".")}`;
  return context.secrets.add(
    { id: what, from: "literal", name: what, at: context.origins.at(route, at) },
    value,
  );
}

function compileHeaders(place: Place): (readonly [string, SecretRef])[] {
  return place.ref.headers.map(({ name, value }, index) => {
    checkValue(place, ["headers", index, "value"], value);
    return [name.toLowerCase(), literal(place, ["headers", index], value)];
  });
}

function checkValue({ context, route, path }: Place, field: Path, value: string): void {
  if (isHeaderValue(value)) return;
  const message = "holds a line break or another character that a header cannot carry";
  context.report.error(originOf(route, [...path, ...field]), "header-value", message);
}

function compileCredential(place: Place): McpCredential | undefined {
  const { context, route, path, ref } = place;
  const key = ref.securityPolicy?.apiKey;
  if (key === undefined) return undefined;
  const field = ["securityPolicy", "apiKey"];
  const secret =
    key.inline === undefined
      ? key.secretRef &&
        referTo(context, route, [...path, ...field, "secretRef"], key.secretRef, ["apiKey"], false)
      : literal(place, [...field, "inline"], key.inline.trim());
  if (secret === undefined) return undefined;
  if (key.queryParam !== undefined) return { type: "query", name: key.queryParam, secret };
  checkValue(place, field, context.secrets.value(secret) ?? "");
  const name = (key.header ?? "Authorization").toLowerCase();
  return { type: "header", name, scheme: name === "authorization" ? "Bearer" : "", secret };
}

function compileStdio(place: Place, stdio: Written<"stdio">): McpStdioTransport {
  return {
    type: "stdio",
    command: stdio.command,
    arguments: stdio.args.map((argument, index) => literal(place, ["stdio", "args", index], argument)),
    environment: stdio.env.map(({ name, value }, index) => [
      name,
      literal(place, ["stdio", "env", index], value),
    ]),
    inheritsEnvironment: stdio.inheritEnv,
    ...(stdio.cwd === undefined ? {} : { workingDirectory: stdio.cwd }),
    mode: stdio.mode === "shared" ? "shared" : "per-session",
    isFailFast: stdio.failFast,
  };
}

function compileNames(
  place: Place,
  field: "toolSelector" | "promptSelector" | "resourceSelector",
): NameSelector | undefined {
  const { context, route, path, ref } = place;
  const written = ref[field];
  if (written === undefined) return undefined;
  const exact = (values: readonly string[] = []) =>
    values.map((value) => ({ type: "exact", value }) as const);
  const search = (member: "includeRegex" | "excludeRegex") =>
    (written[member] ?? []).map((pattern, index): NamePattern => {
      checkRegex(context, route, [...path, field, member, index], pattern);
      return { type: "search", pattern };
    });
  const isOpen = written.include === undefined && written.includeRegex === undefined;
  return {
    at: context.origins.at(route, [...path, field]),
    ...(isOpen ? {} : { include: [...exact(written.include), ...search("includeRegex")] }),
    exclude: [...exact(written.exclude), ...search("excludeRegex")],
  };
}

/** Headers that the aggregator itself writes, or that belong to a connection. */
const ownHeaders = new Set([
  "host",
  "content-length",
  "content-type",
  "connection",
  "transfer-encoding",
  "mcp-session-id",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "accept",
]);

function compileForwards({ context, route, path, ref }: Place): McpBackend["forwardHeaders"] {
  return ref.forwardHeaders.map(({ name, backendHeader }, index) => {
    const from = name.toLowerCase();
    const to = (backendHeader ?? name).toLowerCase();
    const origin = originOf(route, [...path, "forwardHeaders", index, "name"]);
    const own = [from, to].find((header) => ownHeaders.has(header));
    if (own !== undefined) context.report.error(origin, "own-header", `header ${own} cannot be forwarded`);
    if (from === "authorization") sayPassthrough(context, route, origin);
    return { from, to };
  });
}

/** A token that was issued for this gateway is nobody else's; the protocol forbids to hand it on. */
function sayPassthrough({ report }: Context, route: Route, origin: ReturnType<typeof originOf>): void {
  if (route.value.spec.allowAuthorizationForward) {
    const message =
      "clients' tokens are handed to this server, which can use them against others that accept them";
    report.warning(origin, "token-passthrough", message);
    return;
  }
  const message = "would hand clients' tokens to a server that they were not issued for";
  report.error(origin, "token-passthrough", message, {
    mend: "use securityPolicy.apiKey, or write allowAuthorizationForward: true in spec",
  });
}
