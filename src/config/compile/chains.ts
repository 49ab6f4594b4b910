import type { ClientPolicy, FilterChain, Listener, VirtualHost } from "../../model/listener.ts";
import type { McpMount } from "../../model/mcp.ts";
import type { Key } from "../../model/origin.ts";
import type { RouteMatch } from "../../model/route.ts";
import type { NamedMatch } from "../../model/values.ts";
import { compareText } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import { parseQuantityBytes } from "../units.ts";
import type { Attachment } from "./attach.ts";
import type { Context } from "./context.ts";
import type { ListenerDraft } from "./listeners.ts";
import type { CompiledMcpRoute } from "./mcp-routes.ts";
import type { Attached } from "./policies.ts";
import { comparePrecedence } from "./precedence.ts";
import { printOf } from "./print.ts";
import type { Route } from "./routes.ts";
import type { CompiledRule } from "./rules.ts";
import { compileAiEntry, type Security } from "./security/security.ts";
import { compileServerTls } from "./server-tls.ts";

export type RulesOf = ReadonlyMap<Route, readonly CompiledRule[]>;

/** What listeners serve: routes with their places, and what they were compiled to. */
export interface Served {
  readonly attachments: readonly Attachment<Route>[];
  readonly rules: RulesOf;
  readonly mcp: readonly ServedMcp[];
}

/** An MCPRoute with its places. */
export interface ServedMcp {
  readonly attachment: Attachment<Resource<"MCPRoute">>;
  readonly compiled: CompiledMcpRoute;
}

/** Request bodies up to this size are held where no policy says otherwise. */
const defaultMaxBufferedBytes = 50 * 2 ** 20;

/** One socket for each port; HTTP listeners of a port share its chain. */
export function compileListeners(
  context: Context,
  gateway: Resource<"Gateway">,
  drafts: readonly ListenerDraft[],
  served: Served,
  policies: Attached<"ClientTrafficPolicy">,
  security: Security,
): Listener[] {
  const byPort = Map.groupBy(drafts, ({ port }) => port);
  return [...byPort].map(([port, sharing]) => {
    const at = context.origins.at(gateway, ["spec", "listeners", sharing[0]?.index ?? 0]);
    const names = sharing.map(({ name }) => name);
    const isSecure = sharing.some((listener) => listener.isSecure);
    // Plain listeners of a port share a chain; with TLS each has its own, which the name that clients ask for chooses.
    const groups = isSecure ? sharing.map((listener) => [listener]) : [sharing];
    const client = compileClientPolicy(context, gateway, sharing, policies);
    const chains = groups.map((group): FilterChain => {
      const [first] = group;
      const policy = first && (policies.forListener(first.name) ?? policies.forGateway());
      const tls = isSecure && first ? compileServerTls(context, first, policy) : undefined;
      return {
        at,
        names: group.map(({ name }) => name),
        ...(tls && { tls }),
        client,
        hosts: compileHosts(context, group, served, security),
      };
    });
    const { namespace, name } = gateway.id;
    const socket = { address: "0.0.0.0", port };
    const key = `${namespace}/${name}/${names[0]}`;
    // What the socket is; its routes may change without it.
    return {
      key,
      print: printOf({ gateway: { namespace, name }, ...socket, tls: chains.map(({ tls }) => tls) }),
      at,
      ...socket,
      chains,
    };
  });
}

function compileClientPolicy(
  { origins, report }: Context,
  gateway: Resource<"Gateway">,
  sharing: readonly ListenerDraft[],
  policies: Attached<"ClientTrafficPolicy">,
): ClientPolicy {
  const chosen = new Set(sharing.map(({ name }) => policies.forListener(name) ?? policies.forGateway()));
  if (chosen.size > 1) {
    const names = sharing.map(({ name }) => name).join(", ");
    const message = `listeners ${names} share port ${sharing[0]?.port} but not a ClientTrafficPolicy`;
    report.error(
      originOf(gateway, ["spec", "listeners", sharing[0]?.index ?? 0]),
      "client-policies-differ",
      message,
      {
        related: [...chosen].flatMap((policy) =>
          policy === undefined ? [] : [["for one of them", originOf(policy)] as const],
        ),
        mend: "target the Gateway, or give each listener its own port",
      },
    );
  }
  const [policy] = chosen;
  const limit = policy?.value.spec.connection?.bufferLimit;
  const trustedHops = policy?.value.spec.clientIPDetection?.xForwardedFor?.numTrustedHops ?? 0;
  const hops = trustedHops === 0 ? {} : { trustedHops };
  if (policy === undefined || limit === undefined)
    return { at: 0, maxBufferedBytes: defaultMaxBufferedBytes, ...hops };
  const at = origins.at(policy, ["spec", "connection", "bufferLimit"]);
  return { at, maxBufferedBytes: parseQuantityBytes(limit) ?? defaultMaxBufferedBytes, ...hops };
}

/** What one host has, while it is being collected. */
interface HostDraft {
  readonly at: number;
  readonly matches: RouteMatch[];
  readonly mcp: McpMount[];
  /** Two listeners may lead a route to the same host. */
  readonly routes: Set<Resource>;
}

function compileHosts(
  context: Context,
  sharing: readonly ListenerDraft[],
  { attachments, rules, mcp }: Served,
  security: Security,
): VirtualHost[] {
  const drafts = new Map<string, HostDraft>();
  const place = (listener: ListenerDraft, host: string, route: Resource): HostDraft | undefined => {
    const at = context.origins.at(listener.gateway, ["spec", "listeners", listener.index]);
    const draft = drafts.get(host) ?? { at, matches: [], mcp: [], routes: new Set() };
    drafts.set(host, draft);
    if (draft.routes.has(route)) return undefined;
    draft.routes.add(route);
    return draft;
  };
  for (const listener of sharing) {
    for (const { route, places } of attachments) {
      for (const host of hostsOf(places, listener)) {
        const draft = place(listener, host, route);
        for (const rule of rules.get(route) ?? []) {
          const access = security.find(listener.name, route, rule.rule.name);
          draft?.matches.push(...nameMatches(rule, host, access));
        }
      }
    }
    for (const { attachment, compiled } of mcp) {
      const access = security.findMcp(listener.name, attachment.route);
      for (const host of hostsOf(attachment.places, listener)) {
        const mount = compileMount(compiled, attachment.route, host, access);
        place(listener, host, attachment.route)?.mcp.push(mount);
      }
    }
  }
  return [...drafts].map(([host, draft]) => finishHost(context, host, draft, mcp));
}

function hostsOf(places: Attachment<Route>["places"], listener: ListenerDraft) {
  return places.find((place) => place.listener === listener)?.hosts ?? [];
}

function finishHost(
  context: Context,
  host: string,
  { at, matches, mcp, routes }: HostDraft,
  served: readonly ServedMcp[],
): VirtualHost {
  const sorted = matches.toSorted(comparePrecedence);
  sayUnreachable(context, sorted);
  // More headers are more precise; of equals the first by name.
  const mounts = mcp.toSorted((a, b) => b.headers.length - a.headers.length);
  const paths = new Map(served.map(({ compiled: { route } }) => [route.key, route.path]));
  sayUnreachableMounts(context, mounts, paths);
  const aiRules = [...routes].flatMap(({ kind, id }) =>
    kind === "AIGatewayRoute" ? [`httproute/${id.namespace}/${id.name}/rule/`] : [],
  );
  const isAi = ({ rule }: RouteMatch) => aiRules.some((start) => rule.startsWith(start));
  const entry = compileAiEntry(context, sorted.filter(isAi));
  return {
    at,
    domains: [host],
    matches: sorted,
    ...(mounts.length === 0 ? {} : { mcp: mounts }),
    isAi: aiRules.length > 0,
    ...(entry && { entry }),
  };
}

function compileMount(
  { route, headers }: CompiledMcpRoute,
  { id }: Resource,
  host: string,
  access: Key | undefined,
): McpMount {
  const name = `httproute/${id.namespace}/ai-eg-mcp-main-${id.name}/rule/0/match/0/${host.replaceAll(".", "_")}`;
  return { name, route: route.key, at: route.at, headers, ...(access === undefined ? {} : { access }) };
}

/** Of two routes that ask for the same only the first can ever serve. */
function sayUnreachableMounts(
  { origins, report }: Context,
  mounts: readonly McpMount[],
  paths: ReadonlyMap<string, string>,
): void {
  const seen = new Map<string, McpMount>();
  for (const mount of mounts) {
    const headers = mount.headers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const key = JSON.stringify([paths.get(mount.route), headers]);
    const earlier = seen.get(key);
    const [own, other] = [mount, earlier].map((one) => one && origins.list[one.at]);
    if (earlier === undefined) seen.set(key, mount);
    else if (own !== undefined && other !== undefined) {
      const message = `is never reached: ${earlier.route} has the same path ${paths.get(mount.route)}`;
      report.warning(own, "unreachable", message, { related: [["the one in effect", other]] });
    }
  }
}

function nameMatches({ rule, matches }: CompiledRule, host: string, access: Key | undefined): RouteMatch[] {
  const place = host.replaceAll(".", "_");
  return matches.map((match, index) => ({
    name: `${rule.key}/match/${index}/${place}`,
    ...match,
    ...(access === undefined ? {} : { access }),
  }));
}

/** Of equal matches only the first can ever fit. */
function sayUnreachable({ origins, report }: Context, matches: readonly RouteMatch[]): void {
  const seen = new Map<string, RouteMatch>();
  for (const match of matches) {
    const byName = (matches: readonly NamedMatch[] = []) =>
      matches.toSorted((a, b) => compareText(a.name, b.name));
    const { path, method = "", headers, model, query, cookies } = match;
    const key = JSON.stringify([path, method, byName(headers), model, byName(query), byName(cookies)]);
    const earlier = seen.get(key);
    if (earlier === undefined) {
      seen.set(key, match);
      continue;
    }
    const origin = origins.list[match.at];
    const other = origins.list[earlier.at];
    if (origin === undefined || other === undefined || earlier.rule === match.rule) continue;
    const message = `is never reached: ${earlier.rule} takes the same requests first`;
    report.warning(origin, "unreachable", message, { related: [["the one in effect", other]] });
  }
}
