import type { Context, Span } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import { type ReadableSpan, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { ExchangeObserver, ObservedRequest, ObserveExchange } from "../../exchange/observer.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { TraceMcp } from "../mcp.ts";
import { scopeName } from "../otel/scope.ts";
import { type Environment, readCount } from "../otel/variables.ts";
import type { Convention } from "./convention.ts";
import { ExchangeSpan } from "./exchange-span.ts";
import { mappedOf } from "./mapped.ts";
import { createMcpVocabulary, traceMcpBy } from "./mcp/index.ts";
import type { Propagation } from "./propagation.ts";
import { readSampler } from "./sampler.ts";
import type { Semconv } from "./semconv.ts";

export interface TracerOptions {
  readonly environment: Environment;
  readonly resource: Resource;
  readonly convention: Convention;
  readonly semconv: Semconv;
  readonly propagation: Propagation;
  /** Request headers that become attributes. */
  readonly mapped: readonly HeaderAttribute[];
  /** Takes spans that are over. */
  readonly ended: (span: ReadableSpan) => void;
}

export interface SpanMakers {
  readonly observe: ObserveExchange;
  readonly traceMcp: TraceMcp;
}

/** Makes the observers of exchanges and of MCP's messages, and the spans behind them. Throws `TelemetryFailure`. */
export function createTracer(options: TracerOptions): SpanMakers {
  const { convention, propagation, mapped, environment, semconv } = options;
  const tracer = createProvider(options).getTracer(scopeName);
  const vocabulary = createMcpVocabulary(environment, semconv);
  return {
    observe(observed) {
      const parent = propagation.extract(observed.headers);
      const name = convention.spanName(observed.request);
      const span = tracer.startSpan(name, { kind: convention.spanKind }, parent);
      return observerOf(span, parent, observed);
    },
    traceMcp: traceMcpBy({ tracer, propagation, vocabulary, mapped }),
  };

  function observerOf(span: Span, parent: Context, observed: ObservedRequest): ExchangeObserver {
    const carried = propagation.inject(parent, span);
    if (!span.isRecording()) return { ...unseen, trace: span.spanContext(), carried };
    return new ExchangeSpan(span, carried, convention, observed, mappedOf(mapped, observed.headers));
  }
}

function createProvider({ environment, resource, convention, ended }: TracerOptions): TracerProvider {
  const processor: SpanProcessor = {
    onStart() {},
    onEnd: ended,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const limit = (name: string, fallback: number) => readCount(environment, name) ?? fallback;
  const valueLength =
    readCount(environment, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT") ??
    readCount(environment, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT");
  return new TracerProvider({
    resource,
    sampler: readSampler(environment),
    spanProcessors: [processor],
    spanLimits: {
      attributeCountLimit: limit(
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        convention.needsManyAttributes ? Number.POSITIVE_INFINITY : 128,
      ),
      attributeValueLengthLimit: valueLength || Number.POSITIVE_INFINITY,
      eventCountLimit: limit("OTEL_SPAN_EVENT_COUNT_LIMIT", 128),
      linkCountLimit: limit("OTEL_SPAN_LINK_COUNT_LIMIT", 128),
      attributePerEventCountLimit: limit("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", 128),
      attributePerLinkCountLimit: limit("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", 128),
    },
  });
}

/** Of an exchange that is not sampled: the decision still travels on. */
const unseen: Omit<ExchangeObserver, "trace" | "carried"> = {
  wantsAnswer: false,
  attempt() {},
  answer() {},
  piece() {},
  failed() {},
  settled() {},
};
