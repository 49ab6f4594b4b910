import { type Histogram, HistogramFamily } from "./histogram.ts";
import { type InstrumentName, instruments } from "./instruments.ts";
import type { Labels } from "./labels.ts";

export type TokenType = "input" | "output" | "cached_input" | "cache_creation_input" | "reasoning";

export type Families = { readonly [N in InstrumentName]: HistogramFamily };

export function createFamilies(maxSeries: number): Families {
  return {
    tokens: new HistogramFamily(instruments.tokens, maxSeries),
    duration: new HistogramFamily(instruments.duration, maxSeries),
    perOutputToken: new HistogramFamily(instruments.perOutputToken, maxSeries),
    firstToken: new HistogramFamily(instruments.firstToken, maxSeries),
  };
}

/**
 * The histograms that exchanges with one set of operation, provider, models and mapped headers feed, each made when it
 * is first needed: a label set without a sample must not be shown.
 *
 * `overflow` gives the series that count instead where a family has no room; it has none itself.
 */
export class ModelSeries {
  readonly #labels: Labels;
  readonly #families: Families;
  readonly #overflow: (() => ModelSeries) | undefined;
  readonly #tokens: { [T in TokenType]?: Histogram } = {};
  #duration: Histogram | undefined;
  #failedDuration: Histogram | undefined;
  #firstToken: Histogram | undefined;
  #perOutputToken: Histogram | undefined;

  constructor(labels: Labels, families: Families, overflow?: () => ModelSeries) {
    this.#labels = labels;
    this.#families = families;
    this.#overflow = overflow;
  }

  get duration(): Histogram {
    this.#duration ??= this.#make("duration", (series) => series.duration);
    return this.#duration;
  }

  get failedDuration(): Histogram {
    this.#failedDuration ??= this.#make("duration", (series) => series.failedDuration, {
      "error.type": "_OTHER",
    });
    return this.#failedDuration;
  }

  get firstToken(): Histogram {
    this.#firstToken ??= this.#make("firstToken", (series) => series.firstToken);
    return this.#firstToken;
  }

  get perOutputToken(): Histogram {
    this.#perOutputToken ??= this.#make("perOutputToken", (series) => series.perOutputToken);
    return this.#perOutputToken;
  }

  tokens(type: TokenType): Histogram {
    const known = this.#tokens[type];
    if (known !== undefined) return known;
    const made = this.#make("tokens", (series) => series.tokens(type), { "gen_ai.token.type": type });
    this.#tokens[type] = made;
    return made;
  }

  #make(name: InstrumentName, same: (series: ModelSeries) => Histogram, more: Labels = {}): Histogram {
    const family = this.#families[name];
    if (family.isFull && this.#overflow !== undefined) return same(this.#overflow());
    return family.add({ ...this.#labels, ...more });
  }
}
