import type { AiBackend, Cost } from "../../model/ai.ts";
import type { Backend } from "../../model/backend.ts";
import type { Credential } from "../../model/credential.ts";
import { deepFreeze } from "../../model/freeze.ts";
import type { GatewayModel } from "../../model/gateway.ts";
import type { Keyed, Table } from "../../model/origin.ts";
import type { Resource } from "../resource.ts";
import { compileAccessLogs } from "./access-logs.ts";
import { checkServices } from "./ai-backends.ts";
import { attachRoutes } from "./attach.ts";
import { compileBackends } from "./backends.ts";
import { compileListeners, type RulesOf } from "./chains.ts";
import { sortByName } from "./conflicts.ts";
import type { Context } from "./context.ts";
import { compileCosts, compileGlobalCosts } from "./costs.ts";
import { compileCredentials } from "./credentials.ts";
import { chooseGateway, type Setup } from "./gateway.ts";
import { draftListeners } from "./listeners.ts";
import { type CompiledMcpRoute, compileMcpRoute } from "./mcp-routes.ts";
import { compileModelLists } from "./models.ts";
import { attachPolicies } from "./policies.ts";
import { compileProcess } from "./process.ts";
import { type CompiledQuota, compileQuotas } from "./quotas.ts";
import type { Upstreams } from "./references.ts";
import { allRoutes, type Route } from "./routes.ts";
import { compileRules } from "./rules.ts";
import { compileSecurity } from "./security/security.ts";

type AiRoute = Resource<"AIGatewayRoute">;

/**
 * Sound resources to a model; each stage says what it finds, and later ones work with what is left.
 * `file` names the configuration where no Gateway is found. `undefined` if there is no Gateway.
 */
export function compileModel(context: Context, file: string): GatewayModel | undefined {
  const setup = chooseGateway(context, file);
  const upstreams = { backends: compileBackends(context), credentials: compileCredentials(context) };
  checkServices(context);
  const routes = allRoutes(context);
  const policies = setup && attachPolicies(context, "BackendTrafficPolicy", setup.gateway);
  const costs = new Map(routes.filter(isAi).map((route) => [route, routeCosts(context, route)]));
  const globalKeys = costKeys(setup === undefined ? [] : compileGlobalCosts(context, setup.gateway));
  const rules = new Map(
    routes.map((route) => {
      const counted = globalKeys.union(costKeys(isAi(route) ? (costs.get(route) ?? []) : []));
      return [route, compileRules(context, upstreams, policies, route, counted)];
    }),
  );
  const mcpRoutes = sortByName(context.inventory.all("MCPRoute"));
  const mcp = new Map(mcpRoutes.map((route) => [route, compileMcpRoute(context, upstreams.backends, route)]));
  if (setup === undefined) return undefined;
  return deepFreeze(assemble(context, setup, upstreams, { routes, rules, costs, mcp }));
}

/** Every route, and what it was compiled to. */
interface Routes {
  readonly routes: readonly Route[];
  readonly rules: RulesOf;
  readonly costs: ReadonlyMap<AiRoute, readonly Cost[]>;
  readonly mcp: ReadonlyMap<Resource<"MCPRoute">, CompiledMcpRoute>;
}

function isAi(route: Route): route is AiRoute {
  return route.kind === "AIGatewayRoute";
}

function costKeys(costs: readonly Cost[]): ReadonlySet<string> {
  return new Set(costs.map(({ metadataKey }) => metadataKey));
}

function routeCosts(context: Context, route: AiRoute): Cost[] {
  return compileCosts(context, route, ["spec", "llmRequestCosts"], route.value.spec.llmRequestCosts);
}

function assemble(
  context: Context,
  { gateway, proxy }: Setup,
  { backends, credentials }: Upstreams,
  { routes, rules, costs, mcp: mcpRoutes }: Routes,
): GatewayModel {
  const drafts = draftListeners(context, gateway);
  const attachments = attachRoutes(context, gateway, drafts, routes);
  const mcp = attachRoutes(context, gateway, drafts, [...mcpRoutes.keys()]).flatMap((attachment) => {
    const compiled = mcpRoutes.get(attachment.route);
    return compiled === undefined ? [] : [{ attachment, compiled }];
  });
  const clients = attachPolicies(context, "ClientTrafficPolicy", gateway);
  const security = compileSecurity(context, gateway, backends);
  const served = { attachments, rules, mcp };
  const quotas = compileQuotas(context);
  const listeners = compileListeners(context, gateway, drafts, served, clients, security);
  const bound = attachments.map(({ route }) => route);
  const used = bound.flatMap((route) => rules.get(route) ?? []);
  const { group, kind, namespace, name } = gateway.id;
  const aiBackends = used.flatMap((rule) => rule.aiBackends);
  return {
    gateway: { group, kind, namespace, name },
    listeners,
    rules: table(used.map(({ rule }) => rule)),
    backends: table(backendsOf([...used, ...mcp.map(({ compiled }) => compiled), security])),
    limits: table(used.flatMap(({ limits }) => limits)),
    ...(quotas.length === 0 ? {} : { quotas: table(quotas.map(({ quota }) => quota)) }),
    mcpRoutes: table(mcp.map(({ compiled: { route } }) => route)),
    access: table(security.all),
    aiBackends: table(aiBackends),
    credentials: table(credentialsOf(aiBackends, credentials.all)),
    costs: {
      global: compileGlobalCosts(context, gateway),
      byRoute: costsByRoute(bound.filter(isAi), rules, costs, quotas),
    },
    models: compileModelLists(context, bound.filter(isAi)),
    accessLogs: compileAccessLogs(context, proxy),
    process: compileProcess(context, proxy),
    origins: context.origins.list,
  };
}

function table<T extends Keyed>(parts: readonly T[]): Table<T> {
  return Object.fromEntries(parts.map((part) => [part.key, part]));
}

function backendsOf(users: readonly { readonly backends: readonly Backend[] }[]): readonly Backend[] {
  const used = new Set(users.flatMap(({ backends }) => backends));
  return [...used].toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function credentialsOf(aiBackends: readonly AiBackend[], all: readonly Credential[]): readonly Credential[] {
  const used = new Set(aiBackends.map(({ credential }) => credential));
  return all.filter(({ key }) => used.has(key));
}

function nameOf({ backendName }: AiBackend): string {
  return backendName;
}

/** A route without any backend has nothing to count. Quotas count what they are about. */
function costsByRoute(
  bound: readonly AiRoute[],
  rules: RulesOf,
  costs: ReadonlyMap<AiRoute, readonly Cost[]>,
  quotas: readonly CompiledQuota[],
): Table<readonly Cost[]> {
  const counted = bound.filter((route) =>
    (rules.get(route) ?? []).some(({ aiBackends }) => aiBackends.length > 0),
  );
  const entries = counted.map((route) => {
    const backends = new Set((rules.get(route) ?? []).flatMap(({ aiBackends }) => aiBackends.map(nameOf)));
    const ofQuotas = quotas.flatMap(({ quota, cost }) => (backends.has(quota.backend) ? [cost] : []));
    return [`${route.id.namespace}/${route.id.name}`, [...(costs.get(route) ?? []), ...ofQuotas]] as const;
  });
  return Object.fromEntries(entries.filter(([, own]) => own.length > 0));
}
