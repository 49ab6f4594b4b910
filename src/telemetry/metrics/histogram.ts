import type { CounterFamily } from "./counter.ts";
import type { Instrument } from "./instruments.ts";
import type { Labels } from "./labels.ts";
import { Series } from "./series.ts";

/** One series of one histogram: a count for each bucket. */
export class Histogram extends Series {
  sum = 0;
  count = 0;
  readonly #bounds: readonly number[];
  /** Of each bucket alone; the last is what exceeds every bound. */
  readonly #counts: number[];

  constructor(labels: Labels, bounds: readonly number[]) {
    super(labels);
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
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
  readonly type = "histogram";
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

export type MetricFamily = HistogramFamily | CounterFamily;
