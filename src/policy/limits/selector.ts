import { isIP } from "node:net";
import type { HeaderView } from "../../model/headers.ts";
import type { LimitSelector } from "../../model/traffic.ts";
import type { NamedMatch } from "../../model/values.ts";
import { parseCidr, plainAddress } from "../cidr.ts";
import { compileTextMatch } from "../text-match.ts";

/** What limits may look at. */
export interface LimitFacts {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: HeaderView;
  /** Found under `x-ai-eg-model`, which no client can send. */
  readonly model: string;
  remoteAddress(): string | undefined;
}

/** The values that get a count of their own, joined; empty where there are none, `undefined` where it does not fit. */
export type Selector = (facts: LimitFacts) => string | undefined;

const modelHeader = "x-ai-eg-model";
type Test = (facts: LimitFacts) => boolean;
type Value = (facts: LimitFacts) => string | undefined;

export function compileSelector(selector: LimitSelector): Selector {
  const tests = testsOf(selector);
  const values = valuesOf(selector);
  return (facts) => {
    if (!tests.every((fits) => fits(facts))) return undefined;
    let joined = "";
    for (const read of values) {
      const value = read(facts);
      if (value === undefined) return undefined;
      joined += `${value.length}:${value}`;
    }
    return joined;
  };
}

function testsOf({ headers, cidr, isCidrDistinct, methods, path, query }: LimitSelector): Test[] {
  const tests: Test[] = headers.map((match) => compileNamed(match, headerValue(match.name)));
  for (const match of query) tests.push(compileNamed(match, queryValue(match.name)));
  for (const { value, isInverted } of methods) tests.push(({ method }) => (method === value) !== isInverted);
  if (path !== undefined) tests.push(compilePath(path));
  if (cidr !== undefined && !isCidrDistinct) {
    const block = parseCidr(cidr);
    tests.push(({ remoteAddress }) => block?.includes(remoteAddress() ?? "") === true);
  }
  return tests;
}

function valuesOf({ distinctHeaders, distinctQuery, cidr, isCidrDistinct }: LimitSelector): Value[] {
  const values = [...distinctHeaders.map(headerValue), ...distinctQuery.map(queryValue)];
  if (cidr === undefined || !isCidrDistinct) return values;
  const block = parseCidr(cidr);
  const length = cidr.includes("/") ? Number(cidr.slice(cidr.indexOf("/") + 1)) : undefined;
  values.push(({ remoteAddress }) => {
    const address = plainAddress(remoteAddress() ?? "");
    // As in Envoy: with a block of all addresses each address counts for itself, else within the block.
    if (isIP(address) === 0 || (length !== 0 && block?.includes(address) !== true)) return undefined;
    return address;
  });
  return values;
}

/** What is not there is not equal to anything, so an inverted match fits it. */
function compileNamed({ value, isInverted = false }: NamedMatch, read: Value): Test {
  const fits = compileTextMatch(value);
  return (facts) => {
    const found = read(facts);
    return found === undefined ? isInverted : fits(found) !== isInverted;
  };
}

function compilePath({ match, isInverted }: NonNullable<LimitSelector["path"]>): Test {
  const fits = compileTextMatch(match);
  return ({ path }) => fits(withoutQuery(path)) !== isInverted;
}

function headerValue(name: string): Value {
  if (name === modelHeader) return ({ model }) => model;
  return ({ headers }) => headers.get(name) ?? undefined;
}

function queryValue(name: string): Value {
  return ({ path }) => {
    const start = path.indexOf("?");
    return start < 0 ? undefined : (new URLSearchParams(path.slice(start + 1)).get(name) ?? undefined);
  };
}

function withoutQuery(path: string): string {
  const end = path.indexOf("?");
  return end < 0 ? path : path.slice(0, end);
}
