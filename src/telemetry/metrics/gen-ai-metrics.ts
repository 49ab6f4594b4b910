import type { Settled } from "../../exchange/settled.ts";
import type { HeaderView } from "../../model/headers.ts";
import type { Logger } from "../logger.ts";
import { providerNames } from "../provider-name.ts";
import type { HistogramFamily } from "./histogram.ts";
import { type HeaderLabel, type Labels, labelValue } from "./labels.ts";
import { createFamilies, type Families, ModelSeries, type TokenType } from "./model-series.ts";

export interface GenAiMetricsOptions {
  readonly headerLabels: readonly HeaderLabel[];
  readonly log: Logger;
  /** Label sets of each instrument, and models held at all; what comes later counts as `other`. */
  readonly maxSeries?: number;
}

const unknown = "unknown";

/**
 * Counts every exchange that reached a backend in the `gen_ai.*` histograms.
 *
 * It runs once for each request, so it costs one look-up by the values of all labels and some additions. Clients choose
 * models and mapped headers: how many are told apart is limited, and how long they may be.
 */
export class GenAiMetrics {
  readonly #families: Families;
  readonly #headerLabels: readonly HeaderLabel[];
  readonly #maxSeries: number;
  readonly #log: Logger;
  readonly #series = new Map<string, ModelSeries>();
  readonly #overflow = new Map<string, ModelSeries>();

  constructor({ headerLabels, log, maxSeries = 2000 }: GenAiMetricsOptions) {
    this.#families = createFamilies(maxSeries);
    this.#headerLabels = headerLabels;
    this.#maxSeries = maxSeries;
    this.#log = log;
  }

  /** Families in the order of their names, empty ones too. */
  get families(): readonly HistogramFamily[] {
    const { tokens, duration, perOutputToken, firstToken } = this.#families;
    return [tokens, duration, perOutputToken, firstToken];
  }

  /** Exchanges that never reached a backend leave no sample. */
  readonly record = (settled: Settled): void => {
    const { backend, usage } = settled;
    if (backend === undefined) return;
    const series = this.#find(settled, providerNames[backend.schema.name]);
    (settled.isError ? series.failedDuration : series.duration).observe(settled.durationMs / 1000);
    if (settled.firstTokenMs !== undefined) series.firstToken.observe(settled.firstTokenMs / 1000);
    if (settled.perOutputTokenMs !== undefined)
      series.perOutputToken.observe(settled.perOutputTokenMs / 1000);
    count(series, "input", usage.inputTokens);
    count(series, "cached_input", usage.cacheReadTokens);
    count(series, "cache_creation_input", usage.cacheWriteTokens);
    count(series, "output", usage.outputTokens);
    count(series, "reasoning", usage.reasoningTokens);
  };

  #find(settled: Settled, provider: string): ModelSeries {
    const { operation } = settled;
    const original = settled.originalModel || unknown;
    const request = settled.requestModel || unknown;
    const response = settled.responseModel || unknown;
    const mapped = this.#headerLabels.length === 0 ? "" : headerKey(this.#headerLabels, settled.headers);
    const key = seriesKey(operation, provider, original, request, response, mapped);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const models = [labelValue(original), labelValue(request), labelValue(response)] as const;
    const headers = this.#headerValues(settled.headers);
    const cleanKey = seriesKey(operation, provider, ...models, headerKeyOf(this.#headerLabels, headers));
    return this.#series.get(cleanKey) ?? this.#add(cleanKey, operation, provider, models, headers);
  }

  #add(
    key: string,
    operation: string,
    provider: string,
    [original, request, response]: readonly [string, string, string],
    headers: Labels,
  ): ModelSeries {
    const overflow = () => this.#overflowOf(operation, provider);
    if (this.#series.size >= this.#maxSeries) return overflow();
    const labels: Labels = { ...headers, ...modelLabels(operation, provider, original, request, response) };
    const series = new ModelSeries(labels, this.#families, overflow);
    this.#series.set(key, series);
    return series;
  }

  /** Operations and providers are not for clients to choose, so these are few. */
  #overflowOf(operation: string, provider: string): ModelSeries {
    if (this.#overflow.size === 0) {
      this.#log.warn(
        'Too many label sets in metrics: further models and mapped headers are counted as "other"',
        {
          limit: this.#maxSeries,
        },
      );
    }
    const key = `${operation}/${provider}`;
    let series = this.#overflow.get(key);
    if (series === undefined) {
      const headers = Object.fromEntries(this.#headerLabels.map(({ attribute }) => [attribute, "other"]));
      const labels = { ...headers, ...modelLabels(operation, provider, "other", "other", "other") };
      series = new ModelSeries(labels, this.#families);
      this.#overflow.set(key, series);
    }
    return series;
  }

  #headerValues(headers: HeaderView): Labels {
    const values: { [attribute: string]: string } = {};
    for (const { attribute, headers: names } of this.#headerLabels) {
      const value = firstOf(names, headers);
      if (value !== null) values[attribute] = labelValue(value);
    }
    return values;
  }
}

function count(series: ModelSeries, type: TokenType, tokens: number | undefined): void {
  if (tokens !== undefined) series.tokens(type).observe(tokens);
}

function modelLabels(
  operation: string,
  provider: string,
  original: string,
  request: string,
  response: string,
): Labels {
  return {
    "gen_ai.operation.name": operation,
    "gen_ai.original.model": original,
    "gen_ai.provider.name": provider,
    "gen_ai.request.model": request,
    "gen_ai.response.model": response,
  };
}

/** Lengths before the texts that clients choose, so that no two sets of values make one key. */
function seriesKey(
  operation: string,
  provider: string,
  original: string,
  request: string,
  response: string,
  mapped: string,
): string {
  return `${operation} ${provider} ${original.length} ${request.length} ${response.length} ${original}${request}${response}${mapped}`;
}

function headerKey(labels: readonly HeaderLabel[], headers: HeaderView): string {
  let key = "";
  for (const { headers: names } of labels) key += keyPart(firstOf(names, headers));
  return key;
}

function headerKeyOf(labels: readonly HeaderLabel[], values: Labels): string {
  return labels.map(({ attribute }) => keyPart(values[attribute] ?? null)).join("");
}

function keyPart(value: string | null): string {
  return value === null ? " -" : ` ${value.length} ${value}`;
}

function firstOf(names: readonly string[], headers: HeaderView): string | null {
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) return value;
  }
  return null;
}
