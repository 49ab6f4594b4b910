import type { HrTime } from "@opentelemetry/api";
import { millisToHrTime } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type HistogramMetricData,
  type Histogram as HistogramValue,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { scopeName } from "../otel/scope.ts";
import type { Histogram, HistogramFamily } from "./histogram.ts";

export type Temporality = "cumulative" | "delta";

interface Snapshot {
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/**
 * The numbers that Prometheus is shown, in OpenTelemetry's shape: read when they are exported, counted only once.
 *
 * Of deltas what was `taken` is the beginning of the next one; until an export is confirmed nothing is.
 */
export class MetricsBridge {
  readonly #families: () => readonly HistogramFamily[];
  readonly #resource: Resource;
  readonly #temporality: Temporality;
  readonly #startedAt: HrTime = millisToHrTime(Date.now());
  #takenAt: HrTime = this.#startedAt;
  #taken = new Map<Histogram, Snapshot>();

  constructor(families: () => readonly HistogramFamily[], resource: Resource, temporality: Temporality) {
    this.#families = families;
    this.#resource = resource;
    this.#temporality = temporality;
  }

  /** `undefined` where there is nothing to export. Call `confirm` when it has arrived. */
  collect(): { readonly metrics: ResourceMetrics; confirm(): void } | undefined {
    const now = millisToHrTime(Date.now());
    const seen = new Map<Histogram, Snapshot>();
    const metrics = this.#families()
      .map((family) => this.#metricOf(family, now, seen))
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

  #metricOf(family: HistogramFamily, now: HrTime, seen: Map<Histogram, Snapshot>): HistogramMetricData {
    const { name, unit, help, bounds } = family.instrument;
    const isDelta = this.#temporality === "delta";
    const dataPoints: DataPoint<HistogramValue>[] = [];
    for (const histogram of family.series) {
      const total: Snapshot = {
        counts: histogram.bucketCounts(),
        sum: histogram.sum,
        count: histogram.count,
      };
      if (isDelta) seen.set(histogram, total);
      const { counts, sum, count } = isDelta ? since(this.#taken.get(histogram), total) : total;
      if (isDelta && count === 0) continue;
      dataPoints.push({
        startTime: isDelta ? this.#takenAt : this.#startedAt,
        endTime: now,
        attributes: { ...histogram.labels },
        value: { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count },
      });
    }
    return {
      descriptor: { name, unit, description: help, valueType: 1 },
      aggregationTemporality: isDelta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
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
