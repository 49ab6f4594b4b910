import { CredentialSources, type Signer } from "../credentials/index.ts";
import type { IrWarning } from "../dialects/ir/values.ts";
import type { EndpointName, Passage } from "../dialects/passage.ts";
import { passageFor } from "../dialects/registry.ts";
import type { AiBackend } from "../model/ai.ts";
import type { ExchangeModel } from "../model/gateway.ts";
import type { Key } from "../model/origin.ts";
import type { Secrets } from "../model/values.ts";
import { CostTable } from "./costs.ts";
import type { ObserveExchange } from "./observer.ts";
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
  readonly hooks: ExchangeHooks;
}

/** Who is told of what happens to exchanges. None may throw. */
export interface ExchangeHooks {
  readonly settled?: SettledListener | undefined;
  /** Absent while nobody traces: then nothing of an exchange is copied or looked at twice. */
  readonly observe?: ObserveExchange | undefined;
  /** Keeps tokens from one load to the next; without it they begin anew. */
  readonly credentials?: CredentialSources | undefined;
  /** Why a credential could not be had; `reason` is fit for the log. */
  onCredentialFailure?(credential: Key, reason: string): void;
  /** A cost expression failed at run time; its key is left out. */
  onCostFailure(metadataKey: string, error: unknown): void;
  /** Something of a request or an answer did not travel. */
  onWarning(warning: IrWarning, requestId: string, backend: AiBackend): void;
}

/** Makes a model ready for use. It was validated when it was compiled, so what throws here is our own mistake. */
export function prepareExchange(model: ExchangeModel, secrets: Secrets, hooks: ExchangeHooks): ExchangeTwin {
  const sources = hooks.credentials ?? new CredentialSources();
  const signers = sources.prepare(model.credentials, secrets);
  const backends = new Map(
    Object.values(model.aiBackends).map((ai) => [ai.key, prepareBackend(ai, model, signers)]),
  );
  return {
    model,
    costs: new CostTable(model.costs),
    backend: (key) => backends.get(key),
    hooks,
  };
}

/** What a client sends under these goes nowhere: only the gateway itself writes and reads them. */
const internalPrefixes = ["x-ai-eg-", "x-aigw-"];

function prepareBackend(
  ai: AiBackend,
  model: ExchangeModel,
  signers: ReadonlyMap<Key, Signer>,
): PreparedBackend {
  const credential = ai.credential === undefined ? undefined : model.credentials[ai.credential];
  const signer = ai.credential === undefined ? undefined : signers.get(ai.credential);
  const strip = signer?.strip ?? [];
  const isPattern = (name: string) => name.endsWith("*");
  return {
    ai,
    signer,
    overrideHeader: credential?.override?.header,
    remove: [...new Set([...ai.headers.remove, ...strip.filter((name) => !isPattern(name))])],
    removePrefixes: [...internalPrefixes, ...strip.filter(isPattern).map((name) => name.slice(0, -1))],
    passage: (endpoint) => passageFor(endpoint, ai.schema.name),
  };
}
