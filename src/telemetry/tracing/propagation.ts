import { type Context, ROOT_CONTEXT, type Span, type TextMapPropagator, trace } from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { AWSXRayPropagator } from "@opentelemetry/propagator-aws-xray";
import { B3InjectEncoding, B3Propagator } from "@opentelemetry/propagator-b3";
import { JaegerPropagator } from "@opentelemetry/propagator-jaeger";
import { OTTracePropagator } from "@opentelemetry/propagator-ot-trace";
import type { CarriedHeaders } from "../../exchange/observer.ts";
import type { HeaderView } from "../../model/headers.ts";
import type { Logger } from "../logger.ts";
import { type Environment, readText } from "../otel/variables.ts";

/** How traces come in and go on. */
export interface Propagation {
  extract(headers: HeaderView): Context;
  /** Lays what a carrier with names in lower case says over a context, if it says anything. */
  extractPlain(context: Context, carrier: { readonly [name: string]: string }): Context;
  inject(context: Context, span: Span): CarriedHeaders;
}

const makers: { readonly [name: string]: () => TextMapPropagator } = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
  b3: () => new B3Propagator(),
  b3multi: () => new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
  jaeger: () => new JaegerPropagator(),
  xray: () => new AWSXRayPropagator(),
  ottrace: () => new OTTracePropagator(),
};

/**
 * The propagators that `OTEL_PROPAGATORS` lists. Unknown names are reported and left out; without a known one it is
 * `tracecontext,baggage`. With `none` among them nothing is read or written: the client's own headers travel on.
 */
export function readPropagation(environment: Environment, log: Logger): Propagation {
  const names = (readText(environment, "OTEL_PROPAGATORS") ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.includes("none")) return nothing;
  const known = [...new Set(names)].filter((name) => Object.hasOwn(makers, name));
  for (const name of names) {
    if (!known.includes(name)) {
      const allowed = [...Object.keys(makers), "none"].join(", ");
      log.warn("OTEL_PROPAGATORS: an unknown name is left out", { name, allowed });
    }
  }
  const used = known.length === 0 ? ["tracecontext", "baggage"] : known;
  return propagateBy(new CompositePropagator({ propagators: used.map((name) => makers[name]!()) }));
}

const nothing: Propagation = {
  extract: () => ROOT_CONTEXT,
  extractPlain: (context) => context,
  inject: () => ({ remove: [], set: [] }),
};

/** Some propagators write the names of their headers in mixed case. */
const headerGetter = {
  get: (headers: HeaderView, name: string) => headers.get(name.toLowerCase()) ?? undefined,
  keys(headers: HeaderView) {
    const names: string[] = [];
    headers.forEach((_, name) => {
      names.push(name);
    });
    return names;
  },
};

const plainGetter = {
  get: (carrier: { readonly [name: string]: string }, name: string) => carrier[name.toLowerCase()],
  keys: (carrier: { readonly [name: string]: string }) => Object.keys(carrier),
};

const setter = {
  set(headers: [string, string][], name: string, value: string) {
    headers.push([name.toLowerCase(), value]);
  },
};

function propagateBy(propagator: TextMapPropagator): Propagation {
  // What the client sent under these names would contradict what is sent now.
  const remove = propagator.fields().map((name) => name.toLowerCase());
  return {
    extract: (headers) => propagator.extract(ROOT_CONTEXT, headers, headerGetter),
    extractPlain: (context, carrier) => propagator.extract(context, carrier, plainGetter),
    inject(context, span) {
      const set: [string, string][] = [];
      propagator.inject(trace.setSpan(context, span), set, setter);
      return { remove, set };
    },
  };
}
