import { TelemetryFailure } from "../telemetry-failure.ts";

export type Environment = { readonly [name: string]: string | undefined };

/** The value without blanks around it; empty is as good as unset. */
export function readText(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}

/** Go's words for booleans and no others; anything else is the default. */
export function readBoolean(environment: Environment, name: string, fallback = false): boolean {
  switch (environment[name]) {
    case "1":
    case "t":
    case "T":
    case "true":
    case "TRUE":
    case "True":
      return true;
    case "0":
    case "f":
    case "F":
    case "false":
    case "FALSE":
    case "False":
      return false;
    default:
      return fallback;
  }
}

/** A whole number that is not negative. Throws `TelemetryFailure`. */
export function readCount(environment: Environment, name: string): number | undefined {
  const text = readText(environment, name);
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) refuse(name, text, "a whole number");
  return Number(text);
}

/** One of some words, in any case. Throws `TelemetryFailure`. */
export function readWord<W extends string>(
  environment: Environment,
  name: string,
  words: readonly W[],
): W | undefined {
  const text = readText(environment, name);
  if (text === undefined) return undefined;
  const word = words.find((one) => one === text.toLowerCase());
  return word ?? refuse(name, text, words.join(", "));
}

/** `name=value,…` with percent-encoded values. Throws `TelemetryFailure`. */
export function readPairList(environment: Environment, name: string): [string, string][] | undefined {
  const text = readText(environment, name);
  if (text === undefined) return undefined;
  return text
    .split(",")
    .filter((pair) => pair.trim() !== "")
    .map((pair, index) => {
      const equals = pair.indexOf("=");
      const key = pair.slice(0, Math.max(equals, 0)).trim();
      // The values are secrets more often than not, so they are named by place alone.
      if (key === "") throw new TelemetryFailure(`${name}: pair ${index + 1} is not name=value`);
      return [key, decode(pair.slice(equals + 1).trim())];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function refuse(name: string, value: string, allowed: string): never {
  throw new TelemetryFailure(`unsupported ${name} value ${JSON.stringify(value)} (allowed: ${allowed})`);
}
