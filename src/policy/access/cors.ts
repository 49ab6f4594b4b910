import type { Cors } from "../../model/access.ts";
import type { HeaderView } from "../../model/headers.ts";
import { compileTextMatch } from "../text-match.ts";

export type Pairs = readonly (readonly [string, string])[];

export interface PreparedCors {
  /** Headers of the answer to a pre-flight request; `undefined` for any other request. */
  preflight(method: string, headers: HeaderView): Pairs | undefined;
  /** What every other answer to this request carries. */
  answer(headers: HeaderView): Pairs;
}

/** Makes the cross-origin rules of one policy. A strange origin gets no headers, which is what a browser goes by. */
export function prepareCors(cors: Cors): PreparedCors {
  const tests = cors.origins.map(compileTextMatch);
  const always: [string, string][] = cors.hasCredentials
    ? [["access-control-allow-credentials", "true"]]
    : [];
  const list = (name: string, values: readonly string[]): [string, string][] =>
    values.length === 0 ? [] : [[name, values.join(", ")]];
  const exposed = list("access-control-expose-headers", cors.exposedHeaders);
  const { maxAgeSeconds } = cors;
  const offered: [string, string][] = [
    ...list("access-control-allow-methods", cors.methods),
    ...list("access-control-allow-headers", cors.requestHeaders),
    ...(maxAgeSeconds === undefined
      ? []
      : [["access-control-max-age", String(maxAgeSeconds)] as [string, string]]),
  ];
  const allow = (headers: HeaderView): [string, string][] | undefined => {
    const origin = headers.get("origin");
    if (origin === null || !tests.some((fits) => fits(origin))) return undefined;
    return [["access-control-allow-origin", origin], ...always];
  };
  return {
    preflight(method, headers) {
      const isPreflight =
        method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");
      if (!isPreflight) return undefined;
      const allowed = allow(headers);
      return allowed === undefined ? [] : [...allowed, ...offered];
    },
    answer(headers) {
      const allowed = allow(headers);
      return allowed === undefined ? [] : [...allowed, ...exposed, ["vary", "Origin"]];
    },
  };
}
