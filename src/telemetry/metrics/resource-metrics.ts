import { type HrTime, ValueType } from "@opentelemetry/api";
import { millisToHrTime } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type HistogramMetricData,
  type Histogram as HistogramValue,
  type MetricData,
  type ResourceMetrics,
  type SumMetricData,
} from "@opentelemetry/sdk-metrics";
import { scopeName } from "../otel/scope.ts";
import type { Counter, CounterFamily } from "./counter.ts";
import type { Histogram, HistogramFamily, MetricFamily } from "./histogram.ts";

export type Temporality = "cumulative" | "delta";

interface Snapshot {
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** What was seen of each series. */
interface Seen {
  readonly histograms: Map<Histogram, Snapshot>;
  readonly counters: Map<Counter, number>;
}

const nothingSeen = (): Seen => ({ histograms: new Map(), counters: new Map() });

/**
 * The numbers that Prometheus is shown, in OpenTelemetry's shape: read when they are exported, counted only once.
 *
 * Of deltas what was `taken` is the beginning of the next one; until an export is confirmed nothing is.
 */
export class MetricsBridge {
  readonly #families: () => readonly MetricFamily[];
  readonly #resource: Resource;
  readonly #temporality: Temporality;
  readonly #startedAt: HrTime = millisToHrTime(Date.now());
  #takenAt: HrTime = this.#startedAt;
  #taken: Seen = nothingSeen();

  constructor(families: () => readonly MetricFamily[], resource: Resource, temporality: Temporality) {
    this.#families = families;
    this.#resource = resource;
    this.#temporality = temporality;
  }

  /** `undefined` where there is nothing to export. Call `confirm` when it has arrived. */
  collect(): { readonly metrics: ResourceMetrics; confirm(): void } | undefined {
    const now = millisToHrTime(Date.now());
    const seen = nothingSeen();
    const metrics = this.#families()
      .map(
        (family): MetricData =>
          family.type === "counter" ? this.#sumOf(family, now, seen) : this.#histogramOf(family, now, seen),
      )
      .filter(({ dataPoints }) => dataPoints.length > 0);
    if (metrics.length === 0) return undefined;
    return {
      metrics: { resource: this.#resource, scopeMetrics: [{ scope: { name: scopeName }, metrics }] },
      confirm: () => {
        if (this.#temporality !== "delta") return;
        this.#taken = seen;
        this.#takenAt = now;
      },
    };
  }

  get #aggregation(): AggregationTemporality {
    return this.#temporality === "delta" ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
  }

  #sumOf(family: CounterFamily, now: HrTime, seen: Seen): SumMetricData {
    const { name, unit, help } = family.instrument;
    const isDelta = this.#temporality === "delta";
    const dataPoints: DataPoint<number>[] = [];
    for (const counter of family.series) {
      seen.counters.set(counter, counter.value);
      const value = counter.value - (isDelta ? (this.#taken.counters.get(counter) ?? 0) : 0);
      if (isDelta && value === 0) continue;
      const startTime = isDelta ? this.#takenAt : this.#startedAt;
      dataPoints.push({ startTime, endTime: now, attributes: { ...counter.labels }, value });
    }
    return {
      descriptor: { name, unit, description: help, valueType: ValueType.DOUBLE },
      aggregationTemporality: this.#aggregation,
      dataPointType: DataPointType.SUM,
      dataPoints,
      isMonotonic: true,
    };
  }

  #histogramOf(family: HistogramFamily, now: HrTime, seen: Seen): HistogramMetricData {
    const { name, unit, help, bounds } = family.instrument;
    const isDelta = this.#temporality === "delta";
    const dataPoints: DataPoint<HistogramValue>[] = [];
    for (const histogram of family.series) {
      const total: Snapshot = {
        counts: histogram.bucketCounts(),
        sum: histogram.sum,
        count: histogram.count,
      };
      if (isDelta) seen.histograms.set(histogram, total);
      const { counts, sum, count } = isDelta ? since(this.#taken.histograms.get(histogram), total) : total;
      if (isDelta && count === 0) continue;
      dataPoints.push({
        startTime: isDelta ? this.#takenAt : this.#startedAt,
        endTime: now,
        attributes: { ...histogram.labels },
        value: { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count },
      });
    }
    return {
      descriptor: { name, unit, description: help, valueType: ValueType.DOUBLE },
      aggregationTemporality: this.#aggregation,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints,
    };
  }
}

function since(before: Snapshot | undefined, now: Snapshot): Snapshot {
  if (before === undefined) return now;
  return {
    counts: now.counts.map((count, index) => count - (before.counts[index] ?? 0)),
    sum: now.sum - before.sum,
    count: now.count - before.count,
  };
}
