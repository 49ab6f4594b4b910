import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import { type Environment, readText, readWord, refuse } from "../otel/variables.ts";

const names = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** The sampler of `OTEL_TRACES_SAMPLER`. Throws `TelemetryFailure`. */
export function readSampler(environment: Environment): Sampler {
  switch (readWord(environment, "OTEL_TRACES_SAMPLER", names) ?? "parentbased_always_on") {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return new TraceIdRatioBasedSampler(readRatio(environment));
    case "parentbased_always_on":
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case "parentbased_always_off":
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case "parentbased_traceidratio":
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(readRatio(environment)) });
  }
}

function readRatio(environment: Environment): number {
  const name = "OTEL_TRACES_SAMPLER_ARG";
  const text = readText(environment, name) ?? "1";
  const ratio = Number(text);
  return ratio >= 0 && ratio <= 1 ? ratio : refuse(name, text, "a number from 0 to 1");
}
