import type { Histogram, HistogramFamily } from "./histogram.ts";
import { joinLabels, labelName } from "./labels.ts";

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Writes what Prometheus scrapes, in its text format 0.0.4, whatever else the scraper would take.
 *
 * A scrape keeps all requests waiting, and clients decide how many series there are. So each label set is escaped and
 * joined once in its life.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/, read 2026-11
 */
export function writeExposition(
  families: readonly HistogramFamily[],
  resource: ReadonlyMap<string, string>,
): Exposition {
  let body = "";
  for (const family of families) if (family.series.length > 0) body += writeFamily(family);
  return {
    contentType: "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
    body: body + writeTarget(resource),
  };
}

function writeFamily({ instrument, series }: HistogramFamily): string {
  const { family, help, bounds } = instrument;
  const ends = [...bounds.map(writeBound), "+Inf"];
  let text = writeHead(family, help, "histogram");
  for (const histogram of series) text += writeSeries(family, histogram, ends);
  return text;
}

function writeSeries(family: string, histogram: Histogram, ends: readonly string[]): string {
  const { labelText, sum, count } = histogram;
  let text = "";
  for (const [index, value] of histogram.cumulativeCounts().entries()) {
    text += `${family}_bucket{${labelText},le="${ends[index]}"} ${value}\n`;
  }
  return `${text}${family}_sum{${labelText}} ${sum}\n${family}_count{${labelText}} ${count}\n`;
}

function writeTarget(resource: ReadonlyMap<string, string>): string {
  const labels = Object.fromEntries([...resource].map(([name, value]) => [labelName(name), value]));
  return `${writeHead("target_info", "What is scraped", "gauge")}target_info{${joinLabels(labels)}} 1\n`;
}

function writeHead(family: string, help: string, type: string): string {
  return `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`;
}

/** As Go writes numbers, and so as the reference names its buckets: an exponent from a million up. */
function writeBound(bound: number): string {
  if (bound < 1e6) return String(bound);
  return bound.toExponential().replace(/e\+(\d)$/, "e+0$1");
}
