import type { IrUsage } from "../dialects/ir/usage.ts";
import type { AiBackend, Cost, Costs, Counter } from "../model/ai.ts";
import { type CostVariables, compileCount } from "../policy/cel.ts";

type Evaluate = (usage: IrUsage, model: string, backend: AiBackend) => number;

interface PreparedCost {
  readonly metadataKey: string;
  readonly evaluate: Evaluate;
}

const counters: { readonly [C in Counter]: (usage: IrUsage) => number } = {
  input: (usage) => usage.inputTokens ?? 0,
  cachedInput: (usage) => usage.cacheReadTokens ?? 0,
  cacheCreationInput: (usage) => usage.cacheWriteTokens ?? 0,
  output: (usage) => usage.outputTokens ?? 0,
  reasoning: (usage) => usage.reasoningTokens ?? 0,
  total: totalTokens,
};

/** As reported, else the sum of what is known. */
function totalTokens(usage: IrUsage): number {
  return usage.totalTokens ?? (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
}

/** Costs made ready once a load; a route's own cost of a key replaces the global one. */
export class CostTable {
  readonly #global: readonly PreparedCost[];
  readonly #byRoute: ReadonlyMap<string, readonly PreparedCost[]>;

  constructor(costs: Costs) {
    this.#global = costs.global.map(prepare);
    this.#byRoute = new Map(
      Object.entries(costs.byRoute).map(([route, own]) => {
        const keys = new Set(own.map((cost) => cost.metadataKey));
        const inherited = costs.global.filter((cost) => !keys.has(cost.metadataKey));
        return [route, [...own, ...inherited].map(prepare)];
      }),
    );
  }

  /**
   * Costs of one good answer by metadata key, `undefined` where none are configured.
   * A key whose expression fails (an unsigned subtraction below zero, say) is left out and reported.
   */
  evaluate(
    usage: IrUsage,
    model: string,
    backend: AiBackend,
    onFailure: (metadataKey: string, error: unknown) => void,
  ): { readonly [metadataKey: string]: number } | undefined {
    const costs = this.#byRoute.get(backend.routeName) ?? this.#global;
    if (costs.length === 0) return undefined;
    const values: { [metadataKey: string]: number } = {};
    for (const cost of costs) {
      try {
        values[cost.metadataKey] = cost.evaluate(usage, model, backend);
      } catch (error) {
        onFailure(cost.metadataKey, error);
      }
    }
    return values;
  }
}

function prepare(cost: Cost): PreparedCost {
  const { metadataKey, amount } = cost;
  if (typeof amount === "string") return { metadataKey, evaluate: counters[amount] };
  const program = compileCount(amount.source);
  return { metadataKey, evaluate: (...facts) => program(celVariables(...facts)) };
}

function celVariables(usage: IrUsage, model: string, backend: AiBackend): CostVariables {
  return {
    model,
    backend: backend.key,
    route_name: backend.routeName,
    input_tokens: counters.input(usage),
    cached_input_tokens: counters.cachedInput(usage),
    cache_creation_input_tokens: counters.cacheCreationInput(usage),
    output_tokens: counters.output(usage),
    total_tokens: counters.total(usage),
    reasoning_tokens: counters.reasoning(usage),
  };
}
