import { CredentialSources } from "../credentials/index.ts";
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
  /** Told why a credential could not be had; `reason` is fit for the log. */
  readonly onCredentialFailure: ((credential: Key, reason: string) => void) | undefined;
}

export interface ExchangeHooks {
  readonly settled?: SettledListener | undefined;
  /** Keeps tokens from one load to the next; without it they begin anew. */
  readonly credentials?: CredentialSources | undefined;
  onCredentialFailure?(credential: Key, reason: string): void;
  onCostFailure(metadataKey: string, error: unknown): void;
}

/** Makes a model ready for use. It was validated when it was compiled, so what throws here is our own mistake. */
export function prepareExchange(model: ExchangeModel, secrets: Secrets, hooks: ExchangeHooks): ExchangeTwin {
  const sources = hooks.credentials ?? new CredentialSources();
  const signers = sources.prepare(model.credentials, secrets);
  const backends = new Map(
    Object.values(model.aiBackends).map((ai) => [ai.key, prepareBackend(ai, signers)]),
  );
  return {
    model,
    costs: new CostTable(model.costs),
    backend: (key) => backends.get(key),
    settled: hooks.settled,
    onCostFailure: hooks.onCostFailure,
    onCredentialFailure: hooks.onCredentialFailure,
  };
}

function prepareBackend(ai: AiBackend, signers: ReadonlyMap<Key, Signer>): PreparedBackend {
  const signer = ai.credential === undefined ? undefined : signers.get(ai.credential);
  const remove = [...new Set([...ai.headers.remove, ...(signer?.strip ?? [])])];
  return {
    ai,
    signer,
    remove: remove.filter((name) => !name.endsWith("*")),
    removePrefixes: remove.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1)),
    passage: (endpoint) => passageFor(endpoint, ai.schema.name),
  };
}
