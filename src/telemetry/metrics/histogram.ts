import { scopeName } from "../otel/scope.ts";
import type { Instrument } from "./instruments.ts";
import { joinLabels, type Labels } from "./labels.ts";

/** On every series as Prometheus shows it; the reference writes the empty ones out too. */
const scope: Labels = {
  otel_scope_name: scopeName,
  otel_scope_schema_url: "",
  otel_scope_version: "",
};

/** One series of one instrument: a label set, and a count for each bucket. */
export class Histogram {
  sum = 0;
  count = 0;
  readonly labels: Labels;
  #labelText: string | undefined;
  readonly #bounds: readonly number[];
  /** Of each bucket alone; the last is what exceeds every bound. */
  readonly #counts: number[];

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** The labels as an exposition holds them, in the order of their names. */
  get labelText(): string {
    this.#labelText ??= joinLabels({ ...this.labels, ...scope });
    return this.#labelText;
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.sum += value;
    this.count++;
  }

  /** Of each bucket alone; a copy. */
  bucketCounts(): number[] {
    return [...this.#counts];
  }

  /** How many values were at most each bound; the last is all of them. */
  cumulativeCounts(): number[] {
    let total = 0;
    return this.#counts.map((count) => {
      total += count;
      return total;
    });
  }
}

/** All series of one instrument, up to a limit. */
export class HistogramFamily {
  readonly instrument: Instrument;
  readonly series: Histogram[] = [];
  readonly #maxSeries: number;

  constructor(instrument: Instrument, maxSeries: number) {
    this.instrument = instrument;
    this.#maxSeries = maxSeries;
  }

  get isFull(): boolean {
    return this.series.length >= this.#maxSeries;
  }

  add(labels: Labels): Histogram {
    const histogram = new Histogram(labels, this.instrument.bounds);
    this.series.push(histogram);
    return histogram;
  }
}
