import type { IrUsage } from "../dialects/ir/usage.ts";
import type { AiBackend, Cost, Costs, Counter } from "../model/ai.ts";
import { type CostVariables, compileCount } from "../policy/cel.ts";

type Evaluate = (usage: IrUsage, model: string, backend: AiBackend) => number;

interface PreparedCost {
  readonly metadataKey: string;
  /** Which backend and which model it is for; without them it is for all. */
  readonly backend: string | undefined;
  readonly model: string | undefined;
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

/**
 * Costs made ready once a load. Of several that apply for one key a route's own counts, and of those the last: they are
 * kept in the order in which they win.
 */
export class CostTable {
  readonly #global: readonly PreparedCost[];
  readonly #byRoute: ReadonlyMap<string, readonly PreparedCost[]>;

  constructor(costs: Costs) {
    this.#global = costs.global.map(prepare);
    this.#byRoute = new Map(
      Object.entries(costs.byRoute).map(([route, own]) => [
        route,
        [...own.map(prepare).reverse(), ...this.#global],
      ]),
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
    let failed: string[] | undefined;
    for (const cost of costs) {
      const { metadataKey } = cost;
      if (cost.backend !== undefined && cost.backend !== backend.backendName) continue;
      if (cost.model !== undefined && cost.model !== model) continue;
      if (Object.hasOwn(values, metadataKey) || failed?.includes(metadataKey)) continue;
      try {
        values[metadataKey] = cost.evaluate(usage, model, backend);
      } catch (error) {
        failed ??= [];
        failed.push(metadataKey);
        onFailure(metadataKey, error);
      }
    }
    return values;
  }
}

function prepare({ metadataKey, amount, backend, model }: Cost): PreparedCost {
  if (typeof amount === "string") return { metadataKey, backend, model, evaluate: counters[amount] };
  const program = compileCount(amount.source);
  return { metadataKey, backend, model, evaluate: (...facts) => program(celVariables(...facts)) };
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
