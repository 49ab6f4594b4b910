import type { HeaderView } from "../model/headers.ts";
import type { PathMatch, RouteMatch } from "../model/route.ts";
import type { NamedMatch } from "../model/values.ts";
import { compileTextMatch } from "./text-match.ts";

export interface RequestFacts {
  /** Without the query. */
  readonly path: string;
  readonly headers: HeaderView;
  /** Absent until the body was read; then the empty string where the client named none. */
  readonly model: string | undefined;
}

interface PreparedMatch<T> {
  readonly value: T;
  readonly isForModels: boolean;
  model(model: string): boolean;
  rest(facts: RequestFacts): boolean;
}

/** So many distinct models are remembered; clients choose the names, so there is a bound. */
const maxRememberedModels = 1024;

/**
 * The matches of one virtual host, best first, ready to be asked. The first that fits decides.
 *
 * Matches that look at the model fit only when it is known. For each model the matches it can reach are remembered,
 * so that a table of a thousand models costs a lookup.
 */
export class MatchTable<T> {
  readonly #matches: readonly PreparedMatch<T>[];
  readonly #byModel = new Map<string, readonly PreparedMatch<T>[]>();

  constructor(matches: readonly { readonly match: RouteMatch; readonly value: T }[]) {
    this.#matches = matches.map(({ match, value }) => prepareMatch(match, value));
  }

  find(facts: RequestFacts): T | undefined {
    const candidates = facts.model === undefined ? this.#matches : this.#candidates(facts.model);
    for (const match of candidates) {
      if (facts.model === undefined && match.isForModels) continue;
      if (match.rest(facts)) return match.value;
    }
    return undefined;
  }

  #candidates(model: string): readonly PreparedMatch<T>[] {
    let candidates = this.#byModel.get(model);
    if (candidates === undefined) {
      candidates = this.#matches.filter((match) => match.model(model));
      if (this.#byModel.size >= maxRememberedModels) this.#byModel.clear();
      this.#byModel.set(model, candidates);
    }
    return candidates;
  }
}

function prepareMatch<T>(match: RouteMatch, value: T): PreparedMatch<T> {
  const models = match.model.map(compileTextMatch);
  const path = preparePath(match.path);
  const headers = match.headers.map(prepareHeader);
  return {
    value,
    isForModels: models.length > 0,
    model: (model) => models.every((fits) => fits(model)),
    rest: (facts) => path(facts.path) && headers.every((fits) => fits(facts.headers)),
  };
}

function preparePath(path: PathMatch): (path: string) => boolean {
  if (path.type === "regex") return compileTextMatch(path);
  if (path.type === "exact") return (value) => value === path.value;
  const prefix = path.value.replace(/\/+$/, "");
  if (prefix === "") return () => true;
  return (value) =>
    value.startsWith(prefix) && (value.length === prefix.length || value[prefix.length] === "/");
}

function prepareHeader({ name, value, isInverted = false }: NamedMatch): (headers: HeaderView) => boolean {
  const fits = compileTextMatch(value);
  return (headers) => {
    const found = headers.get(name);
    return found !== null && fits(found) !== isInverted;
  };
}
