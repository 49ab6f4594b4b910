import type { Registry } from "prom-client";
import type { Histogram, HistogramFamily, Labels } from "./histogram.ts";
import { labelName } from "./labels.ts";

type PromClient = typeof import("prom-client");

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Writes what Prometheus scrapes, in its text format 0.0.4, whatever else the scraper would take.
 *
 * prom-client is loaded by the first scrape, and writes what our own counters hold: its `observe` hashes all labels
 * each time, which would cost every request several microseconds.
 */
export async function writeExposition(
  families: readonly HistogramFamily[],
  resource: ReadonlyMap<string, string>,
): Promise<Exposition> {
  const prom = await import("prom-client");
  const registry = new prom.Registry();
  for (const family of families) if (family.series.length > 0) registerFamily(prom, registry, family);
  registerResource(prom, registry, resource);
  return { contentType: `${registry.contentType}; escaping=underscores`, body: await registry.metrics() };
}

function registerResource(prom: PromClient, registry: Registry, resource: ReadonlyMap<string, string>): void {
  const labels = Object.fromEntries(
    [...resource].map(([name, value]) => [labelName(name), value] as const).sort(),
  );
  new prom.Gauge({
    name: "target_info",
    help: "What is scraped",
    labelNames: Object.keys(labels),
    registers: [registry],
  }).set(labels, 1);
}

/**
 * The registry writes whatever `get` gives, and `Histogram` has no room for counts made elsewhere: so this is a gauge
 * with the face of a histogram.
 */
function registerFamily(prom: PromClient, registry: Registry, { instrument, series }: HistogramFamily): void {
  const { family, help, bounds } = instrument;
  const ends = [...bounds.map(writeBound), "+Inf"];
  const face = new prom.Histogram({ name: family, help, registers: [] });
  class Family extends prom.Gauge<string> {
    override async get() {
      return {
        ...(await face.get()),
        values: series.flatMap((histogram) => samplesOf(family, histogram, ends)),
      };
    }
  }
  new Family({ name: family, help, registers: [registry] });
}

function samplesOf(family: string, histogram: Histogram, ends: readonly string[]) {
  const { labels, sum, count } = histogram;
  const buckets = histogram.cumulativeCounts().map((value, index) => ({
    metricName: `${family}_bucket`,
    labels: withBound(labels, ends[index] ?? "+Inf"),
    value,
  }));
  return [
    ...buckets,
    { metricName: `${family}_sum`, labels, value: sum },
    { metricName: `${family}_count`, labels, value: count },
  ];
}

function withBound(labels: Labels, le: string): Labels {
  return { ...labels, le };
}

/** As Go writes numbers, and so as the reference names its buckets: an exponent from a million up. */
function writeBound(bound: number): string {
  if (bound < 1e6) return String(bound);
  return bound.toExponential().replace(/e\+(\d)$/, "e+0$1");
}
