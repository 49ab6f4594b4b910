import { hrTimeToTimeStamp } from "@opentelemetry/core";
import { AggregationTemporality, DataPointType, type ResourceMetrics } from "@opentelemetry/sdk-metrics";

/** One export as one line of JSON, with the members that the exporter of OpenTelemetry for Go gives it. */
export function writeConsoleMetrics({ resource, scopeMetrics }: ResourceMetrics): string {
  const document = {
    Resource: listOf(resource.attributes),
    ScopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      Scope: { Name: scope.name, Version: scope.version ?? "", SchemaURL: "" },
      Metrics: metrics.map(({ descriptor, aggregationTemporality, dataPoints, dataPointType }) => ({
        Name: descriptor.name,
        Description: descriptor.description,
        Unit: descriptor.unit,
        Data: {
          Temporality:
            aggregationTemporality === AggregationTemporality.DELTA
              ? "DeltaTemporality"
              : "CumulativeTemporality",
          ...(dataPointType === DataPointType.SUM && { IsMonotonic: true }),
          DataPoints: dataPoints.map(({ attributes, startTime, endTime, value }) => ({
            Attributes: listOf(attributes),
            StartTime: hrTimeToTimeStamp(startTime),
            Time: hrTimeToTimeStamp(endTime),
            ...writeValue(value),
          })),
        },
      })),
    })),
  };
  return `${JSON.stringify(document)}\n`;
}

function writeValue(value: unknown): object {
  if (typeof value !== "object" || value === null || !("buckets" in value)) return { Value: value };
  const { buckets, sum, count } = value as {
    readonly buckets: { readonly boundaries: number[]; readonly counts: number[] };
    readonly sum: number;
    readonly count: number;
  };
  return { Count: count, Bounds: buckets.boundaries, BucketCounts: buckets.counts, Sum: sum };
}

function listOf(attributes: { readonly [key: string]: unknown }) {
  return Object.entries(attributes).map(([Key, value]) => ({ Key, Value: { Type: "STRING", Value: value } }));
}
