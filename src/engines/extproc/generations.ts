import {
  type ExchangeHooks,
  type ExchangeTwin,
  type PreparedBackend,
  prepareExchange,
} from "../../exchange/prepare.ts";
import type { ExchangeModel, GatewayModel } from "../../model/gateway.ts";
import type { Key } from "../../model/origin.ts";
import type { Secrets } from "../../model/values.ts";
import type { Gatekeeper } from "../../policy/access/gatekeeper.ts";
import type { TrafficRoutes } from "../traffic/traffic-routes.ts";

/** A cluster's Envoys bring what exchanges need; our own Envoy leaves it to us who may come in. */
export type ProcessorModel = ExchangeModel & Partial<Pick<GatewayModel, "access" | "backends">>;

/** Makes the checks of a model. */
export type PrepareAccess = (model: ProcessorModel, secrets: Secrets) => ReadonlyMap<Key, Gatekeeper>;

/** One load of a configuration, made ready. */
export interface Generation {
  readonly twin: ExchangeTwin;
  /** By print as well as by name: a print is a hash and looks like no name. */
  readonly backends: ReadonlyMap<string, PreparedBackend>;
  readonly gatekeepers: ReadonlyMap<Key, Gatekeeper>;
  /** Which rules do more than forward; absent where none does. */
  readonly routes: TrafficRoutes | undefined;
}

/** The loads that requests may still refer to: the current one, and for a while those that it replaced. */
export class Generations {
  readonly #hooks: ExchangeHooks;
  readonly #prepareAccess: PrepareAccess;
  readonly #retainMs: number;
  #current: Generation | undefined;
  #older: { readonly generation: Generation; readonly replacedAt: number }[] = [];
  /** Backends as routes see them that Envoy names otherwise than the backend does. */
  readonly #rerouted = new WeakMap<PreparedBackend, Map<string, PreparedBackend>>();

  /** `retainMs`: how long a load that was replaced is kept for requests that Envoy still sends its old way. */
  constructor(hooks: ExchangeHooks, prepareAccess: PrepareAccess, retainMs: number) {
    this.#hooks = hooks;
    this.#prepareAccess = prepareAccess;
    this.#retainMs = retainMs;
  }

  /** Absent before the first load. */
  get current(): Generation | undefined {
    return this.#current;
  }

  /** The returned function lets go of the load that this one replaces, before its time. */
  add(model: ProcessorModel, secrets: Secrets, routes?: TrafficRoutes): () => void {
    const twin = prepareExchange(model, secrets, this.#hooks);
    const backends = new Map<string, PreparedBackend>();
    for (const { key, print } of Object.values(model.aiBackends)) {
      const backend = twin.backend(key);
      if (backend === undefined) continue;
      backends.set(key, backend);
      backends.set(print, backend);
    }
    const gatekeepers = this.#prepareAccess(model, secrets);
    const now = performance.now();
    const replaced = this.#current;
    this.#older = this.#older.filter(({ replacedAt }) => now - replacedAt < this.#retainMs);
    if (replaced !== undefined) this.#older.unshift({ generation: replaced, replacedAt: now });
    this.#current = { twin, backends, gatekeepers, routes };
    return () => {
      this.#older = this.#older.filter(({ generation }) => generation !== replaced);
    };
  }

  /** Who stands at a door: as it is now, else as the request's own load has it, else as it was not long ago. */
  gatekeeper(key: Key, own: Generation | undefined): Gatekeeper | undefined {
    return (
      this.#current?.gatekeepers.get(key) ??
      own?.gatekeepers.get(key) ??
      this.#older.find(({ generation }) => generation.gatekeepers.has(key))?.generation.gatekeepers.get(key)
    );
  }

  /**
   * The backend that Envoy chose, by print or name: as it is now, else as the request's own load has it, else as it was
   * not long ago. `routeName` is Envoy's where it tells.
   */
  find(key: string, routeName: string | undefined, own: Generation): PreparedBackend | undefined {
    const found =
      this.#current?.backends.get(key) ??
      own.backends.get(key) ??
      this.#older.find(({ generation }) => generation.backends.has(key))?.generation.backends.get(key);
    if (found === undefined || routeName === undefined || found.ai.routeName === routeName) return found;
    return this.#reroute(found, routeName);
  }

  #reroute(backend: PreparedBackend, routeName: string): PreparedBackend {
    let byRoute = this.#rerouted.get(backend);
    if (byRoute === undefined) {
      byRoute = new Map();
      this.#rerouted.set(backend, byRoute);
    }
    let rerouted = byRoute.get(routeName);
    if (rerouted === undefined) {
      rerouted = { ...backend, ai: { ...backend.ai, routeName } };
      byRoute.set(routeName, rerouted);
    }
    return rerouted;
  }
}
