import type { GatewayModel } from "../../model/gateway.ts";
import type { Key } from "../../model/origin.ts";
import { HostTable } from "../../policy/host.ts";
import type { LimitFacts } from "../../policy/limits/selector.ts";
import { MatchTable } from "../../policy/match.ts";
import type { RuleTraffic } from "./guard.ts";

type Found = { readonly traffic: RuleTraffic | undefined };

/**
 * Finds out which rule Envoy will choose, for what is decided about a request before Envoy knows: the same matches in
 * the same order as in its routes.
 */
export class TrafficRoutes {
  readonly #traffic: ReadonlyMap<Key, RuleTraffic>;
  readonly #listeners: ReadonlyMap<Key, HostTable<MatchTable<Found>>>;

  constructor({ listeners }: GatewayModel, traffic: ReadonlyMap<Key, RuleTraffic>) {
    this.#traffic = traffic;
    this.#listeners = new Map(
      listeners.map(({ key, chains }) => [
        key,
        new HostTable(
          chains.flatMap(({ hosts }) =>
            hosts.map(({ domains, matches }) => ({
              domains,
              value: new MatchTable(
                matches.map((match) => ({ match, value: { traffic: traffic.get(match.rule) } })),
              ),
            })),
          ),
        ),
      ]),
    );
  }

  /** For a rule that Envoy has chosen already. */
  ofRule(rule: Key): RuleTraffic | undefined {
    return this.#traffic.get(rule);
  }

  /** The rule that Envoy will choose for a request whose model is known. */
  find(
    listener: Key,
    host: string,
    { method, path: target, headers, model }: LimitFacts,
  ): RuleTraffic | undefined {
    const end = target.indexOf("?");
    const [path, query] = end < 0 ? [target, ""] : [target.slice(0, end), target.slice(end + 1)];
    return this.#listeners.get(listener)?.find(host)?.find({ method, path, query, headers, model })?.traffic;
  }
}
