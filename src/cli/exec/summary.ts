import type { Settled } from "../../exchange/settled.ts";

/** Added up over the calls of one model. */
export interface ModelSummary {
  readonly model: string;
  calls: number;
  errors: number;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  /** By the metadata key of the configured cost. */
  readonly costs: Map<string, number>;
  totalMs: number;
  slowestMs: number;
}

export interface SlowCall {
  readonly model: string;
  readonly endpoint: string;
  readonly durationMs: number;
  readonly requestId: string;
}

/** Clients choose models: beyond so many they are counted together. */
const maxModels = 200;
const keptSlowest = 5;

/** What the calls of one run come to. */
export class CallSummary {
  readonly #models = new Map<string, ModelSummary>();
  readonly #errors = new Map<string, number>();
  #slowest: SlowCall[] = [];

  add(settled: Settled): void {
    const model = this.#modelOf(settled.originalModel || settled.endpoint);
    const { usage, durationMs } = settled;
    model.calls += 1;
    model.inputTokens += usage.inputTokens ?? 0;
    model.cachedTokens += usage.cacheReadTokens ?? 0;
    model.outputTokens += usage.outputTokens ?? 0;
    model.totalMs += durationMs;
    model.slowestMs = Math.max(model.slowestMs, durationMs);
    for (const [key, value] of Object.entries(settled.costs ?? {})) {
      model.costs.set(key, (model.costs.get(key) ?? 0) + value);
    }
    if (settled.isError) {
      model.errors += 1;
      const reason = reasonOf(settled);
      this.#errors.set(reason, (this.#errors.get(reason) ?? 0) + 1);
    }
    this.#keepSlow(model.model, settled);
  }

  /** Those with most calls first. */
  get models(): readonly ModelSummary[] {
    return [...this.#models.values()].sort((a, b) => b.calls - a.calls || (a.model < b.model ? -1 : 1));
  }

  /** Over all models. */
  get total(): ModelSummary {
    const total = emptySummary("all");
    for (const one of this.#models.values()) {
      for (const key of [
        "calls",
        "errors",
        "inputTokens",
        "cachedTokens",
        "outputTokens",
        "totalMs",
      ] as const) {
        total[key] += one[key];
      }
      total.slowestMs = Math.max(total.slowestMs, one.slowestMs);
      for (const [key, value] of one.costs) total.costs.set(key, (total.costs.get(key) ?? 0) + value);
    }
    return total;
  }

  /** Kinds of errors with their number, the most frequent first. */
  get errors(): readonly (readonly [reason: string, count: number])[] {
    return [...this.#errors].sort(([, a], [, b]) => b - a);
  }

  get slowest(): readonly SlowCall[] {
    return this.#slowest;
  }

  #modelOf(name: string): ModelSummary {
    const key = this.#models.has(name) || this.#models.size < maxModels ? name : "other models";
    let model = this.#models.get(key);
    if (model === undefined) {
      model = emptySummary(key);
      this.#models.set(key, model);
    }
    return model;
  }

  #keepSlow(model: string, { endpoint, durationMs, requestId }: Settled): void {
    const last = this.#slowest.at(-1);
    if (this.#slowest.length === keptSlowest && last !== undefined && last.durationMs >= durationMs) return;
    const all = [...this.#slowest, { model, endpoint, durationMs, requestId }];
    this.#slowest = all.sort((a, b) => b.durationMs - a.durationMs).slice(0, keptSlowest);
  }
}

function emptySummary(model: string): ModelSummary {
  const costs = new Map<string, number>();
  return {
    model,
    calls: 0,
    errors: 0,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    costs,
    totalMs: 0,
    slowestMs: 0,
  };
}

/** The gateway's own word, else the status that the provider gave. */
function reasonOf({ failure, outcome }: Settled): string {
  if (failure !== undefined) return failure.replaceAll("_", " ");
  if (outcome.status >= 400) return `status ${outcome.status}`;
  return "cut off before the end";
}
