import type { Backend } from "../../model/backend.ts";
import type { McpOauth, McpPolicy, McpRule, McpSecurity, McpTarget } from "../../model/mcp.ts";
import type { TextMatch } from "../../model/values.ts";
import { compileBool } from "../../policy/cel.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import type { Context } from "./context.ts";
import { compileApiKeys } from "./mcp-api-keys.ts";
import { compileKeys } from "./mcp-keys.ts";

type Route = Resource<"MCPRoute">;
type Security = NonNullable<Route["value"]["spec"]["securityPolicy"]>;
type Authorization = NonNullable<Security["authorization"]>;
type WrittenRule = Authorization["rules"][number];

interface CompiledSecurity {
  readonly security: McpSecurity;
  /** Where the keys of tokens are, if they are fetched through a Backend. */
  readonly keysBackend: Backend | undefined;
}

export function compileMcpSecurity(
  context: Context,
  backends: ReadonlyMap<Resource<"Backend">, Backend | undefined>,
  route: Route,
): CompiledSecurity {
  const { oauth, apiKeyAuth, authorization } = route.value.spec.securityPolicy ?? {};
  const path = ["spec", "securityPolicy"];
  const keys = oauth && compileKeys(context, backends, route, oauth);
  const apiKeys = apiKeyAuth && compileApiKeys(context, route, apiKeyAuth);
  const policy = authorization && compilePolicy(context, route, [...path, "authorization"], authorization);
  return {
    security: {
      ...(oauth === undefined || keys === undefined
        ? {}
        : { oauth: compileOauth(context, route, oauth, keys.keys) }),
      ...(apiKeys === undefined ? {} : { apiKeys }),
      ...(policy === undefined ? {} : { authorization: policy }),
    },
    keysBackend: keys?.backend,
  };
}

function compileOauth(
  context: Context,
  route: Route,
  oauth: NonNullable<Security["oauth"]>,
  keys: McpOauth["keys"],
): McpOauth {
  const { protectedResourceMetadata: metadata } = oauth;
  const path = ["spec", "securityPolicy", "oauth"];
  sayDeadLink(context, route, metadata.resource);
  if (oauth.insecureSkipAudience) {
    const message = "tokens that were issued for other services are accepted";
    context.report.warning(originOf(route, [...path, "insecureSkipAudience"]), "no-audience", message);
  }
  return {
    at: context.origins.at(route, path),
    issuer: oauth.issuer,
    audiences: oauth.audiences,
    isAudienceChecked: !oauth.insecureSkipAudience,
    isExpiryRequired: oauth.requireExp,
    keys,
    claimHeaders: oauth.claimToHeaders.map(({ claim, header }) => ({
      claim: claim.split("."),
      header: header.toLowerCase(),
    })),
    resource: metadata.resource,
    ...(metadata.resourceName === undefined ? {} : { resourceName: metadata.resourceName }),
    scopesSupported: metadata.scopesSupported,
    signingAlgorithms: metadata.resourceSigningAlgValuesSupported ?? [],
    ...(metadata.resourceDocumentation === undefined
      ? {}
      : { documentation: metadata.resourceDocumentation }),
    ...(metadata.resourcePolicyUri === undefined ? {} : { policyUri: metadata.resourcePolicyUri }),
  };
}

/** Challenges point to metadata at the resource's path, and it is served at the route's. */
function sayDeadLink({ report }: Context, route: Route, resource: string): void {
  const trimmed = (path: string) => path.replace(/\/$/, "");
  const { pathname } = new URL(resource);
  if (trimmed(pathname) === trimmed(route.value.spec.path)) return;
  const path = ["spec", "securityPolicy", "oauth", "protectedResourceMetadata", "resource"];
  const message = `has the path ${pathname}, but the route is served at ${route.value.spec.path}: clients will not find its metadata`;
  report.warning(originOf(route, path), "dead-metadata-link", message);
}

/** Which servers a session gets. */
export function compileSelector(context: Context, route: Route): McpPolicy | undefined {
  const written = route.value.spec.backendSelector;
  if (written === undefined) return undefined;
  const path = ["spec", "backendSelector"];
  return {
    at: context.origins.at(route, path),
    isAllowedByDefault: written.defaultAction === "Allow",
    coversAll: true,
    rules: written.rules.map((rule, index) => compileRule(context, route, [...path, "rules", index], rule)),
  };
}

function compilePolicy(context: Context, route: Route, path: Path, written: Authorization): McpPolicy {
  const coversAll = written.scope === "All";
  if (!coversAll) {
    const message = "covers tools only: prompts and resources are open to every client";
    context.report.warning(originOf(route, path), "tools-only", message, {
      mend: "write scope: All to have them under the rules, too",
    });
  }
  return {
    at: context.origins.at(route, path),
    isAllowedByDefault: written.defaultAction === "Allow",
    coversAll,
    rules: written.rules.map((rule, index) => compileRule(context, route, [...path, "rules", index], rule)),
  };
}

function compileRule(
  context: Context,
  route: Route,
  path: Path,
  { action, cel, source, target }: Pick<WrittenRule, "action" | "cel"> & Partial<WrittenRule>,
): McpRule {
  if (cel !== undefined) checkCel(context, route, [...path, "cel"], cel);
  const claimTypes = { String: "string", StringArray: "list", Any: "any" } as const;
  return {
    at: context.origins.at(route, path),
    isAllow: action === "Allow",
    ...(cel === undefined ? {} : { cel: { source: cel, result: "bool" } }),
    targets: compileTargets(context, route, [...path, "target"], target),
    claims: (source?.jwt?.claims ?? []).map(({ name, valueType, values }) => ({
      path: name.split("."),
      type: claimTypes[valueType],
      values,
    })),
    scopes: source?.jwt?.scopes ?? [],
  };
}

function compileTargets(
  context: Context,
  route: Route,
  path: Path,
  target: WrittenRule["target"],
): McpTarget[] {
  const known = new Set(route.value.spec.backendRefs.map(({ name }) => name));
  const check = (backend: string, at: Path) => {
    if (known.has(backend)) return;
    const message = `the route has no server ${JSON.stringify(backend)}`;
    context.report.error(originOf(route, [...path, ...at, "backend"]), "unknown-server", message);
  };
  return [
    ...(target?.tools ?? []).map(({ backend, tool }, index): McpTarget => {
      check(backend, ["tools", index]);
      return { kind: "tool", backend, name: globMatch(tool) };
    }),
    ...(target?.prompts ?? []).map(({ backend, prompt }, index): McpTarget => {
      check(backend, ["prompts", index]);
      return { kind: "prompt", backend, name: globMatch(prompt) };
    }),
    ...(target?.resources ?? []).map(({ backend, uri }, index): McpTarget => {
      check(backend, ["resources", index]);
      return { kind: "resource", backend, name: { type: "prefix", value: uri } };
    }),
  ];
}

/** `*` stands for any text. */
function globMatch(glob: string): TextMatch {
  if (!glob.includes("*")) return { type: "exact", value: glob };
  const literals = glob.split("*").map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return { type: "regex", pattern: literals.join(".*") };
}

function checkCel({ report }: Context, route: Route, path: Path, source: string): void {
  try {
    compileBool(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.error(originOf(route, path), "invalid-cel", `invalid CEL expression: ${reason}`);
  }
}
