import { prepareSigner } from "../credentials/index.ts";
import type { Signer } from "../credentials/signer.ts";
import type { EndpointName, Passage } from "../dialects/passage.ts";
import { passageFor } from "../dialects/registry.ts";
import type { AiBackend } from "../model/ai.ts";
import type { ExchangeModel } from "../model/gateway.ts";
import type { Key } from "../model/origin.ts";
import type { Secrets } from "../model/values.ts";
import { CostTable } from "./costs.ts";
import type { SettledListener } from "./settled.ts";

/** One AI backend, with all that an attempt would otherwise look up or join anew. */
export interface PreparedBackend {
  readonly ai: AiBackend;
  readonly signer: Signer | undefined;
  /** Header in which a request may bring its own credential. */
  readonly overrideHeader: string | undefined;
  /** Headers that never go to this upstream: configured removals and, beside a credential, the client's own. */
  readonly remove: readonly string[];
  /** Beginnings of such names; which of them a request has shows only when its headers are looked at. */
  readonly removePrefixes: readonly string[];
  passage(endpoint: EndpointName): Passage | undefined;
}

/** The prepared twin of an `ExchangeModel`: what exchanges of one load share. */
export interface ExchangeTwin {
  readonly model: ExchangeModel;
  readonly costs: CostTable;
  backend(key: Key): PreparedBackend | undefined;
  readonly settled: SettledListener | undefined;
  /** Told of cost expressions that failed at run time. */
  onCostFailure(metadataKey: string, error: unknown): void;
}

export interface ExchangeHooks {
  readonly settled?: SettledListener | undefined;
  onCostFailure(metadataKey: string, error: unknown): void;
}

/** Makes a model ready for use. It was validated when it was compiled, so what throws here is our own mistake. */
export function prepareExchange(model: ExchangeModel, secrets: Secrets, hooks: ExchangeHooks): ExchangeTwin {
  const backends = new Map(
    Object.values(model.aiBackends).map((ai) => [ai.key, prepareBackend(ai, model, secrets)]),
  );
  return {
    model,
    costs: new CostTable(model.costs),
    backend: (key) => backends.get(key),
    settled: hooks.settled,
    onCostFailure: hooks.onCostFailure,
  };
}

function prepareBackend(ai: AiBackend, model: ExchangeModel, secrets: Secrets): PreparedBackend {
  const credential = ai.credential === undefined ? undefined : model.credentials[ai.credential];
  const signer = credential === undefined ? undefined : prepareSigner(credential, secrets);
  const remove = [...new Set([...ai.headers.remove, ...(signer?.strip ?? [])])];
  return {
    ai,
    signer,
    overrideHeader: credential?.override?.header,
    remove: remove.filter((name) => !name.endsWith("*")),
    removePrefixes: remove.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1)),
    passage: (endpoint) => passageFor(endpoint, ai.schema.name),
  };
}
