import type { ClientPolicy, FilterChain, Listener, VirtualHost } from "../../model/listener.ts";
import type { RouteMatch } from "../../model/route.ts";
import { originOf, type Resource } from "../resource.ts";
import { parseQuantityBytes } from "../units.ts";
import type { Attachment } from "./attach.ts";
import type { Context } from "./context.ts";
import type { ListenerDraft } from "./listeners.ts";
import type { Attached } from "./policies.ts";
import { comparePrecedence } from "./precedence.ts";
import { printOf } from "./print.ts";
import type { CompiledRule } from "./rules.ts";

export type RulesOf = ReadonlyMap<Resource<"AIGatewayRoute">, readonly CompiledRule[]>;

/** Request bodies up to this size are held where no policy says otherwise. */
const defaultMaxBufferedBytes = 50 * 2 ** 20;

/** One socket for each port; HTTP listeners of a port share its chain. */
export function compileListeners(
  context: Context,
  gateway: Resource<"Gateway">,
  drafts: readonly ListenerDraft[],
  attachments: readonly Attachment[],
  rules: RulesOf,
  policies: Attached<"ClientTrafficPolicy">,
): Listener[] {
  const byPort = Map.groupBy(drafts, ({ port }) => port);
  return [...byPort].map(([port, sharing]) => {
    const at = context.origins.at(gateway, ["spec", "listeners", sharing[0]?.index ?? 0]);
    const names = sharing.map(({ name }) => name);
    const client = compileClientPolicy(context, gateway, sharing, policies);
    const chain: FilterChain = {
      at,
      names,
      client,
      hosts: compileHosts(context, sharing, attachments, rules),
    };
    const { namespace, name } = gateway.id;
    const socket = { address: "0.0.0.0", port };
    const key = `${namespace}/${name}/${names[0]}`;
    // What the socket is; its routes may change without it.
    return {
      key,
      print: printOf({ gateway: { namespace, name }, ...socket }),
      at,
      ...socket,
      chains: [chain],
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
  if (policy === undefined || limit === undefined)
    return { at: 0, maxBufferedBytes: defaultMaxBufferedBytes };
  const at = origins.at(policy, ["spec", "connection", "bufferLimit"]);
  return { at, maxBufferedBytes: parseQuantityBytes(limit) ?? defaultMaxBufferedBytes };
}

function compileHosts(
  context: Context,
  sharing: readonly ListenerDraft[],
  attachments: readonly Attachment[],
  rules: RulesOf,
): VirtualHost[] {
  const matches = new Map<string, { at: number; matches: RouteMatch[]; routes: Set<unknown> }>();
  for (const listener of sharing) {
    for (const { route, places } of attachments) {
      for (const host of places.find((place) => place.listener === listener)?.hosts ?? []) {
        const at = context.origins.at(listener.gateway, ["spec", "listeners", listener.index]);
        const entry = matches.get(host) ?? { at, matches: [], routes: new Set() };
        matches.set(host, entry);
        // Two listeners may lead a route to the same host.
        if (entry.routes.has(route)) continue;
        entry.routes.add(route);
        for (const rule of rules.get(route) ?? []) entry.matches.push(...nameMatches(rule, host));
      }
    }
  }
  return [...matches].map(([host, { at, matches: found }]) => {
    const sorted = found.toSorted(comparePrecedence);
    sayUnreachable(context, sorted);
    return { at, domains: [host], matches: sorted, isAi: true };
  });
}

function nameMatches({ rule, matches }: CompiledRule, host: string): RouteMatch[] {
  const place = host.replaceAll(".", "_");
  return matches.map((match, index) => ({ name: `${rule.key}/match/${index}/${place}`, ...match }));
}

/** Of equal matches only the first can ever fit. */
function sayUnreachable({ origins, report }: Context, matches: readonly RouteMatch[]): void {
  const seen = new Map<string, RouteMatch>();
  for (const match of matches) {
    const key = JSON.stringify([
      match.path,
      match.headers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      match.model,
    ]);
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
