import type { HeaderView } from "../../model/headers.ts";
import type { Logger } from "../logger.ts";
import type { McpCall, McpListener, TraceMcp } from "../mcp.ts";
import { CounterFamily } from "./counter.ts";
import { HistogramFamily, type MetricFamily } from "./histogram.ts";
import { type HeaderLabel, type Labels, labelValue } from "./labels.ts";
import { mcpInstruments } from "./mcp-instruments.ts";

export interface McpMetricsOptions {
  readonly trace?: TraceMcp | undefined;
  readonly headerLabels: readonly HeaderLabel[];
  readonly log: Logger;
  /** Label sets of each instrument; what comes later counts as `other`. */
  readonly maxSeries?: number;
}

type Values = { readonly [attribute: string]: string | undefined };

/** Counts MCP messages. Clients name methods, tools and servers as they like: how many are told apart is limited. */
export class McpMetrics implements McpListener {
  readonly trace: TraceMcp | undefined;
  readonly #options: McpMetricsOptions;
  readonly #capabilities: Table<CounterFamily>;
  readonly #initialization: Table<HistogramFamily>;
  readonly #methods: Table<CounterFamily>;
  readonly #progress: Table<CounterFamily>;
  readonly #requests: Table<HistogramFamily>;
  #hasWarned = false;

  constructor(options: McpMetricsOptions) {
    this.#options = options;
    this.trace = options.trace;
    const { maxSeries = 2000 } = options;
    const onFull = () => this.#warn(maxSeries);
    const counters = (instrument: "capabilities" | "methods" | "progress") =>
      new Table(new CounterFamily(mcpInstruments[instrument], maxSeries), onFull);
    this.#capabilities = counters("capabilities");
    this.#methods = counters("methods");
    this.#progress = counters("progress");
    this.#initialization = new Table(new HistogramFamily(mcpInstruments.initialization, maxSeries), onFull);
    this.#requests = new Table(new HistogramFamily(mcpInstruments.requests, maxSeries), onFull);
  }

  /** Families in the order of their names, empty ones too. */
  get families(): readonly MetricFamily[] {
    const tables = [this.#capabilities, this.#initialization, this.#methods, this.#progress, this.#requests];
    return tables.map(({ family }) => family);
  }

  called({ method, backend, status, errorType, durationMs, attributes }: McpCall): void {
    const mapped = this.#mapped(attributes);
    if (method !== undefined) {
      this.#methods.series({ "mcp.method.name": method, status, "mcp.backend": backend, ...mapped }).add(1);
    }
    if (durationMs === undefined) return;
    this.#requests
      .series({ "mcp.backend": backend, "error.type": errorType, ...mapped })
      .observe(durationMs / 1000);
  }

  initialized(
    backend: string,
    durationMs: number,
    capabilities: readonly string[],
    attributes: HeaderView,
  ): void {
    const mapped = this.#mapped(attributes);
    this.#initialization.series({ "mcp.backend": backend, ...mapped }).observe(durationMs / 1000);
    for (const capability of capabilities) this.#declared(capability, "server", backend, mapped);
  }

  clientDeclared(capabilities: readonly string[], attributes: HeaderView): void {
    const mapped = this.#mapped(attributes);
    for (const capability of capabilities) this.#declared(capability, "client", undefined, mapped);
  }

  progressed(backend: string | undefined, attributes: HeaderView): void {
    this.#progress.series({ "mcp.backend": backend, ...this.#mapped(attributes) }).add(1);
  }

  #declared(capability: string, side: string, backend: string | undefined, mapped: Values): void {
    const values = { "capability.type": capability, "capability.side": side, "mcp.backend": backend };
    this.#capabilities.series({ ...values, ...mapped }).add(1);
  }

  #mapped(headers: HeaderView): Values {
    const { headerLabels } = this.#options;
    if (headerLabels.length === 0) return none;
    const values: { [attribute: string]: string } = {};
    for (const { attribute, headers: names } of headerLabels) {
      const value = names.map((name) => headers.get(name)).find((text) => text !== null);
      if (value !== undefined && value !== null) values[attribute] = value;
    }
    return values;
  }

  #warn(limit: number): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const message = 'Too many label sets in metrics of MCP: further names are counted as "other"';
    this.#options.log.warn(message, { limit });
  }
}

const none: Values = {};

/** The series of one family, by the values of their labels. */
class Table<F extends MetricFamily> {
  readonly family: F;
  readonly #onFull: () => void;
  readonly #known = new Map<string, F["series"][number]>();

  constructor(family: F, onFull: () => void) {
    this.family = family;
    this.#onFull = onFull;
  }

  series(values: Values): F["series"][number] {
    const key = keyOf(values);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.family.isFull) {
      this.#onFull();
      return this.#overflow(values);
    }
    return this.#add(key, labelsOf(values, labelValue));
  }

  /** The words of the protocol stay, what others choose becomes `other`. */
  #overflow(values: Values): F["series"][number] {
    const kept = new Set(["status", "error.type", "capability.type", "capability.side"]);
    const labels = Object.fromEntries(
      Object.entries(values)
        .filter(([, value]) => value !== undefined)
        .map(([name, value = ""]) => [name, kept.has(name) ? value : "other"]),
    );
    const key = keyOf(labels);
    return this.#known.get(key) ?? this.#add(key, labels);
  }

  #add(key: string, labels: Labels): F["series"][number] {
    const series = this.family.add(labels);
    this.#known.set(key, series);
    return series;
  }
}

function labelsOf(values: Values, clean: (value: string) => string): Labels {
  const labels: { [attribute: string]: string } = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) labels[name] = clean(value);
  return labels;
}

/** Lengths before values, so that no two sets of them make one key. */
function keyOf(values: Values): string {
  let key = "";
  for (const name in values) {
    const value = values[name];
    if (value !== undefined) key += `${name} ${value.length} ${value} `;
  }
  return key;
}
