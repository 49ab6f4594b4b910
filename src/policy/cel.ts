import { createRequire } from "node:module";
import type { CelEnv, CelInput, CelResult } from "@bufbuild/cel";
import { type CelExpr, type CelLibrary, rootNames, TypeFinder } from "./cel-expression.ts";

/** What a cost expression can refer to; the counters are CEL's `uint`. */
export interface CostVariables {
  readonly model: string;
  readonly backend: string;
  readonly route_name: string;
  readonly input_tokens: number;
  readonly cached_input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly reasoning_tokens: number;
}

/** A value of a filter's variables; `bigint` is CEL's `int`, `number` its `double`. */
export type CelVariable =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly CelVariable[]
  | ReadonlyMap<string, CelVariable>;

/** What a filter can ask of a request that is over. */
export interface CelActivation {
  /** By lower-case name. */
  requestHeader(name: string): string | undefined;
  /** `request`, `response` and so on; built only for filters that ask for more than one request header. */
  variable(name: CelRoot): CelVariable | undefined;
}

/** First names of the attributes that Envoy offers to filters. */
const celRoots = [
  "request",
  "response",
  "connection",
  "source",
  "destination",
  "upstream",
  "metadata",
  "filter_state",
  "upstream_filter_state",
  "xds",
] as const;
export type CelRoot = (typeof celRoots)[number];

const dummies: CostVariables = {
  model: "dummy",
  backend: "dummy",
  route_name: "dummy",
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_creation_input_tokens: 0,
  output_tokens: 0,
  total_tokens: 0,
  reasoning_tokens: 0,
};

/**
 * Compiles a cost expression and tries it once with counters of 0, so that most mistakes show at load.
 *
 * Throws for what does not parse, mixes types (also in branches that the trial does not take), fails or is negative
 * with zeros. The compiled function throws where an expression fails with real counts: a `uint` below zero, a division
 * by zero, a result that is no `uint` and no `int` from 0 up.
 */
export function compileCount(source: string): (variables: CostVariables) => number {
  const cel = loadCel();
  const { env, expr } = parseChecked(cel, source, bindCosts(cel, dummies));
  const program = cel.plan(env, expr);
  const count = (variables: CostVariables) => readCount(cel, program(bindCosts(cel, variables)));
  count(dummies);
  return count;
}

function bindCosts(cel: CelLibrary, variables: CostVariables): { [name: string]: CelInput } {
  const uint = (count: number) => cel.celUint(BigInt(count));
  return {
    model: variables.model,
    backend: variables.backend,
    route_name: variables.route_name,
    input_tokens: uint(variables.input_tokens),
    cached_input_tokens: uint(variables.cached_input_tokens),
    cache_creation_input_tokens: uint(variables.cache_creation_input_tokens),
    output_tokens: uint(variables.output_tokens),
    total_tokens: uint(variables.total_tokens),
    reasoning_tokens: uint(variables.reasoning_tokens),
  };
}

function readCount(cel: CelLibrary, result: CelResult): number {
  if (cel.isCelError(result)) throw new Error(result.message);
  if (cel.isCelUint(result)) return Number(result.value);
  if (typeof result !== "bigint")
    throw new Error(`the result is a ${cel.celType(result)}, not an int or a uint`);
  if (result < 0n) throw new Error(`the result is negative: ${result}`);
  return Number(result);
}

/** The condition of nearly every access log: one request header is there and not empty. */
const headerIsSet = /^\s*request\.headers\[\s*(?:'([^'\\]+)'|"([^"\\]+)")\s*\]\s*!=\s*(?:''|"")\s*$/;

/**
 * Compiles a filter over Envoy's request attributes. It never throws when it runs: what fails (a header that is not
 * there, say) or gives no boolean is false. Throws for what does not parse or names an unknown variable.
 *
 * The library is loaded by the first filter that is more than "this request header is not empty".
 */
export function compileBool(source: string): (activation: CelActivation) => boolean {
  const [, single, double] = headerIsSet.exec(source) ?? [];
  const header = (single ?? double)?.toLowerCase();
  if (header !== undefined) return (activation) => (activation.requestHeader(header) ?? "") !== "";
  const cel = loadCel();
  const empty = Object.fromEntries(celRoots.map((name) => [name, new Map<string, CelInput>()]));
  const { env, expr } = parseChecked(cel, source, empty);
  const program = cel.plan(env, expr);
  const names = celRoots.filter((name) => rootNames(expr).has(name));
  return (activation) => {
    const bindings: { [name: string]: CelInput } = {};
    for (const name of names) bindings[name] = activation.variable(name) ?? new Map<string, CelInput>();
    return program(bindings) === true;
  };
}

/**
 * Compiles a condition over variables of any shape. It never throws when it runs: `failed` where it cannot be
 * evaluated, or gives no boolean. Throws for what does not parse.
 */
export function compileCondition(
  source: string,
): (variables: { readonly [name: string]: CelVariable }) => boolean | "failed" {
  const cel = loadCel();
  const program = cel.plan(cel.celEnv(), parse(cel, source));
  return (variables) => {
    try {
      const result = program(variables as { [name: string]: CelInput });
      return typeof result === "boolean" ? result : "failed";
    } catch {
      return "failed";
    }
  };
}

/** `trial`: a value of the right type for every variable there is. */
function parseChecked(
  cel: CelLibrary,
  source: string,
  trial: { readonly [name: string]: CelInput },
): { readonly env: CelEnv; readonly expr: CelExpr } {
  const expr = parse(cel, source);
  const env = cel.celEnv();
  const problem = new TypeFinder(cel, env, trial).problem(expr);
  if (problem !== undefined) throw new Error(problem);
  return { env, expr };
}

function parse(cel: CelLibrary, source: string): CelExpr {
  if (source.trim() === "") throw new Error("the expression is empty");
  try {
    const { expr } = cel.parse(source);
    if (expr !== undefined) return expr;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.replace(/^<input>:(\d+):(\d+):/, "syntax error in line $1, column $2:"), {
      cause: error,
    });
  }
  throw new Error("the expression is empty");
}

/**
 * Loads synchronously, since compiling is synchronous; no `import` can. Bun bundles and runs a bare `require` in a
 * module; Deno has none there.
 */
function loadCel(): CelLibrary {
  return typeof require === "function"
    ? require("@bufbuild/cel")
    : createRequire(import.meta.url)("@bufbuild/cel");
}
