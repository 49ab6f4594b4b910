import type { HeaderView } from "../model/headers.ts";
import type { ResponseOverride } from "../model/traffic.ts";
import { compileTextMatch } from "./text-match.ts";

/** An answer on its way to the client. */
export interface AnswerFacts {
  readonly status: number;
  readonly headers: HeaderView;
  /** Given by the gateway, not by an upstream. */
  readonly isLocal: boolean;
}

export interface PreparedOverride {
  readonly override: ResponseOverride;
  fits(facts: AnswerFacts): boolean;
}

export function prepareOverrides(overrides: readonly ResponseOverride[]): readonly PreparedOverride[] {
  return overrides.map((override) => ({ override, fits: compileFits(override) }));
}

/** The first that fits. */
export function findOverride(
  overrides: readonly PreparedOverride[],
  facts: AnswerFacts,
): ResponseOverride | undefined {
  return overrides.find(({ fits }) => fits(facts))?.override;
}

function compileFits({ source, statuses, headers }: ResponseOverride): PreparedOverride["fits"] {
  const tests = headers.map(({ name, value }) => {
    const fits = compileTextMatch(value);
    return (found: HeaderView) => {
      const text = found.get(name);
      return text !== null && fits(text);
    };
  });
  return ({ status, headers: found, isLocal }) =>
    (source === "all" || (source === "local") === isLocal) &&
    (statuses.length === 0 || statuses.some(([from, to]) => status >= from && status <= to)) &&
    tests.every((fits) => fits(found));
}

/** What a client gets instead. Members that are absent stay as they were. */
export interface OverridingAnswer {
  readonly status?: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** `url`: that of the request, which parts of a redirect come from. */
export function overridingAnswer({ answer }: ResponseOverride, url: string): OverridingAnswer {
  if (answer.type === "answer") {
    const { status, body, headers, contentType } = answer;
    const type = contentType ?? (body === undefined ? undefined : "text/plain");
    return {
      headers: type === undefined ? headers : [["content-type", type], ...headers],
      ...(status === undefined ? {} : { status }),
      ...(body === undefined ? {} : { body }),
    };
  }
  const target = new URL(url);
  if (answer.scheme !== undefined) target.protocol = answer.scheme;
  if (answer.host !== undefined) target.hostname = answer.host;
  if (answer.port !== undefined) target.port = String(answer.port);
  if (answer.path !== undefined) target.pathname = answer.path;
  return { status: answer.status, headers: [["location", target.href]], body: "" };
}
