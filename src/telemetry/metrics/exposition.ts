import type { CounterFamily } from "./counter.ts";
import type { Histogram, HistogramFamily, MetricFamily } from "./histogram.ts";
import { joinLabels, labelName } from "./labels.ts";

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** How a scraper reads: Prometheus' text of old, or OpenMetrics where it prefers that. */
type Format = "text" | "openmetrics";

const contentTypes: { readonly [F in Format]: string } = {
  text: "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
};

/**
 * Writes what Prometheus scrapes.
 *
 * A scrape keeps all requests waiting, and clients decide how many series there are. So each label set is escaped and
 * joined once in its life.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/, read 2026-11
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/, read 2026-11
 */
export function writeExposition(
  families: readonly MetricFamily[],
  resource: ReadonlyMap<string, string>,
  accept?: string | null,
): Exposition {
  const format = chooseFormat(accept ?? "");
  let body = "";
  for (const family of families) if (family.series.length > 0) body += writeFamily(family, format);
  body += writeTarget(resource, format);
  if (format === "openmetrics") body += "# EOF\n";
  return { contentType: contentTypes[format], body };
}

/** What is wanted most; text where nothing else is asked for, or as much. */
function chooseFormat(accept: string): Format {
  let openmetrics = 0;
  let text = 0;
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const weight = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
    const version = parameters.find((parameter) => parameter.startsWith("version="))?.slice(8) ?? "1.0.0";
    if (type === "application/openmetrics-text" && version.startsWith("1."))
      openmetrics = Math.max(openmetrics, weight);
    if (type === "text/plain") text = Math.max(text, weight);
  }
  return openmetrics > text ? "openmetrics" : "text";
}

function writeFamily(family: MetricFamily, format: Format): string {
  return family.type === "counter" ? writeCounters(family, format) : writeHistograms(family, format);
}

function writeCounters({ instrument, series }: CounterFamily, format: Format): string {
  const { family, help } = instrument;
  let text = writeHead(format === "text" ? `${family}_total` : family, help, "counter");
  for (const { labelText, value } of series) text += `${family}_total{${labelText}} ${value}\n`;
  return text;
}

function writeHistograms({ instrument, series }: HistogramFamily, format: Format): string {
  const { family, help, bounds } = instrument;
  const ends = [...bounds.map((bound) => writeBound(bound, format)), "+Inf"];
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

function writeTarget(resource: ReadonlyMap<string, string>, format: Format): string {
  const labels = Object.fromEntries([...resource].map(([name, value]) => [labelName(name), value]));
  const head =
    format === "text"
      ? writeHead("target_info", "What is scraped", "gauge")
      : writeHead("target", "What is scraped", "info");
  return `${head}target_info{${joinLabels(labels)}} 1\n`;
}

function writeHead(family: string, help: string, type: string): string {
  return `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`;
}

/** As Go writes numbers, and so as the reference names its buckets: an exponent from a million up. */
function writeBound(bound: number, format: Format): string {
  const text = bound < 1e6 ? String(bound) : bound.toExponential().replace(/e\+(\d)$/, "e+0$1");
  // OpenMetrics wants to see that it is no whole number.
  return format === "openmetrics" && /^\d+$/.test(text) ? `${text}.0` : text;
}
