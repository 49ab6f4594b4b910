import type { HeaderView } from "../model/headers.ts";
import type { PathMatch, RouteMatch } from "../model/route.ts";
import type { NamedMatch } from "../model/values.ts";
import { compileTextMatch } from "./text-match.ts";

export interface RequestFacts {
  /** Upper case; looked at by matches that name one. */
  readonly method?: string;
  /** Without the query. */
  readonly path: string;
  /** Behind the `?`, as it came. */
  readonly query?: string;
  readonly headers: HeaderView;
  /** Absent until the body was read; then the empty string where the client named none. */
  readonly model: string | undefined;
}

interface PreparedMatch<T> {
  readonly value: T;
  readonly isAi: boolean;
  readonly isForModels: boolean;
  model(model: string): boolean;
  rest(facts: RequestFacts): boolean;
}

/** So many distinct models are remembered; clients choose the names, so there is a bound. */
const maxRememberedModels = 1024;

/** The request is for the AI rules of a host: which of them shows when its model is known. */
export const aiEntry: unique symbol = Symbol("AI entry");

interface MatchEntry<T> {
  readonly match: RouteMatch;
  readonly value: T;
  /** Whether the rule is of an AIGatewayRoute. */
  readonly isAi?: boolean;
}

/**
 * The matches of one virtual host, best first, ready to be asked. The first that fits decides.
 *
 * Matches that look at the model fit only when it is known. For each model the matches it can reach are remembered,
 * so that a table of a thousand models costs a lookup.
 */
export class MatchTable<T> {
  readonly #matches: readonly PreparedMatch<T>[];
  readonly #byModel = new Map<string, readonly PreparedMatch<T>[]>();

  constructor(matches: readonly MatchEntry<T>[]) {
    this.#matches = matches.map(prepareMatch);
    this.isAiOnly = this.#matches.length > 0 && this.#matches.every(({ isAi }) => isAi);
  }

  /** Whether there is no rule of plain HTTP: nobody needs to `enter` then. */
  readonly isAiOnly: boolean;

  /**
   * Before the body: rules of plain HTTP are looked at, and in the place of the first AI rule there is an entry for all
   * paths of AI endpoints. So a plain rule with a longer path comes before it, and one for `/` does not swallow it.
   */
  enter(facts: RequestFacts, isAiPath: boolean): T | typeof aiEntry | undefined {
    for (const match of this.#matches) {
      if (match.isAi) {
        if (isAiPath) return aiEntry;
      } else if (match.rest(facts)) {
        return match.value;
      }
    }
    return undefined;
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

function prepareMatch<T>({ match, value, isAi = false }: MatchEntry<T>): PreparedMatch<T> {
  const models = match.model.map(compileTextMatch);
  const tests = [...prepareFacts(match)];
  return {
    value,
    isAi,
    isForModels: models.length > 0,
    model: (model) => models.every((fits) => fits(model)),
    rest: (facts) => tests.every((fits) => fits(facts)),
  };
}

/** A test for each thing that is asked for, the cheap ones first. */
function* prepareFacts({ path, method, headers, query, cookies }: RouteMatch) {
  const fitsPath = preparePath(path);
  if (fitsPath !== anyPath) yield (facts: RequestFacts) => fitsPath(facts.path);
  if (method !== undefined) yield (facts: RequestFacts) => facts.method === method;
  for (const header of headers) {
    const fits = prepareHeader(header);
    yield (facts: RequestFacts) => fits(facts.headers);
  }
  if (query !== undefined && query.length > 0) yield prepareNamed(query, parametersOf);
  if (cookies !== undefined && cookies.length > 0) yield prepareNamed(cookies, cookiesOf);
}

const anyPath = () => true;

function preparePath(path: PathMatch): (path: string) => boolean {
  if (path.type === "regex") return compileTextMatch(path);
  if (path.type === "exact") return (value) => value === path.value;
  const prefix = path.value.replace(/\/+$/, "");
  if (prefix === "") return anyPath;
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

type Lookup = (name: string) => string | undefined;

function prepareNamed(
  matches: readonly NamedMatch[],
  read: (facts: RequestFacts) => Lookup,
): (facts: RequestFacts) => boolean {
  const tests = matches.map(({ name, value }) => ({ name, fits: compileTextMatch(value) }));
  return (facts) => {
    const lookup = read(facts);
    return tests.every(({ name, fits }) => {
      const found = lookup(name);
      return found !== undefined && fits(found);
    });
  };
}

/** As Envoy has it: values are compared as they were sent, without decoding them. */
function parametersOf({ query = "" }: RequestFacts): Lookup {
  return lookupIn(query.split("&"));
}

function cookiesOf({ headers }: RequestFacts): Lookup {
  const pairs = (headers.get("cookie") ?? "").split(";").map((pair) => pair.trim());
  return lookupIn(pairs, (value) => value.replace(/^"(.*)"$/, "$1"));
}

/** The first of a name counts; one without `=` has the empty value. */
function lookupIn(pairs: readonly string[], read = (value: string) => value): Lookup {
  return (name) => {
    for (const pair of pairs) {
      if (pair === name) return "";
      if (pair.startsWith(name) && pair[name.length] === "=") return read(pair.slice(name.length + 1));
    }
    return undefined;
  };
}
