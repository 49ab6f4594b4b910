import type { CounterInstrument } from "./instruments.ts";
import type { Labels } from "./labels.ts";
import { Series } from "./series.ts";

/** One series of a counter. */
export class Counter extends Series {
  value = 0;

  add(count: number): void {
    this.value += count;
  }
}

/** All series of one counter, up to a limit. */
export class CounterFamily {
  readonly type = "counter";
  readonly instrument: CounterInstrument;
  readonly series: Counter[] = [];
  readonly #maxSeries: number;

  constructor(instrument: CounterInstrument, maxSeries: number) {
    this.instrument = instrument;
    this.#maxSeries = maxSeries;
  }

  get isFull(): boolean {
    return this.series.length >= this.#maxSeries;
  }

  add(labels: Labels): Counter {
    const counter = new Counter(labels);
    this.series.push(counter);
    return counter;
  }
}
