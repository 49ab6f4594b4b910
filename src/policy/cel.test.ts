import { describe, expect, test } from "bun:test";
import {
  type CelActivation,
  type CelVariable,
  type CostVariables,
  compileBool,
  compileCount,
} from "./cel.ts";

const variables: CostVariables = {
  model: "acme-mini",
  backend: "default/openai/route/aigw-run/rule/0/ref/0",
  route_name: "default/aigw-run",
  input_tokens: 10,
  cached_input_tokens: 4,
  cache_creation_input_tokens: 1,
  output_tokens: 5,
  total_tokens: 15,
  reasoning_tokens: 2,
};

test.each([
  ["input_tokens + output_tokens", 15],
  ["input_tokens - cached_input_tokens", 6],
  ["input_tokens == uint(3) ? 100000000 : 0", 0],
  ["input_tokens > 3u ? output_tokens * 4u : 0u", 20],
  ["int(input_tokens) * 2", 20],
  ["uint(double(input_tokens) * 0.25)", 2],
  ["model == 'acme-mini' ? total_tokens : 0u", 15],
  ["backend.startsWith('default/openai/') ? 1 : 2", 1],
  ["route_name.matches('^default/.*') ? 7u : 0u", 7],
  ["reasoning_tokens + cache_creation_input_tokens", 3],
  ["['acme-mini', 'b'].exists(m, m == model) ? 1u : 2u", 1],
])("compileCount computes %s", (source, want) => expect(compileCount(source)(variables)).toBe(want));

describe("compileCount refuses at load", () => {
  test.each([
    ["1 +", "syntax error in line 1, column 3: "],
    ["\n  a b", "syntax error in line 2, column 5: "],
    [" ", "the expression is empty"],
    ["input_tokens + 1", "int and uint do not mix: write 3u or uint(x)"],
    ["input_tokens * 1.5", "found no matching overload for '_*_' applied to '(uint, double)'"],
    ["input_token", 'unknown variable "input_token"'],
    ["input_tokens + nope.deep", 'unknown variable "nope"'],
    ["frob(1)", "unbound function: frob"],
    ["1.5", "the result is a double, not an int or a uint"],
    ["'12'", "the result is a string"],
    ["input_tokens > 1u", "the result is a bool"],
    ["int(input_tokens) - 1", "the result is negative: -1"],
    ["output_tokens - 1u", "uint overflow"],
    ["output_tokens / input_tokens", "uint divide by zero"],
    ["model == 'rare' ? input_tokens + 1 : 0u", "int and uint do not mix"],
    ["model == 'rare' ? frob(1) : 0u", "unbound function: frob"],
    ["model == 'rare' ? 1.5 : 2u", "both sides of ? : must have the same type, not double and uint"],
    ["model == 'rare' || nope ? 1 : 2", 'unknown variable "nope"'],
    ["{'a': model}.size() + input_tokens", "int and uint do not mix"],
  ])("%p", (source, message) => expect(() => compileCount(source)).toThrow(message));
});

test("compileCount accepts a division that zeros do not reach", () => {
  const count = compileCount("input_tokens > 0u ? output_tokens / input_tokens : 0u");
  expect(count({ ...variables, output_tokens: 30 })).toBe(3);
});

test("compileCount throws where real counts make an expression fail", () => {
  const saved = compileCount("input_tokens - cached_input_tokens");
  expect(() => saved({ ...variables, cached_input_tokens: 11 })).toThrow("uint overflow");
  const signed = compileCount("int(input_tokens) - int(cached_input_tokens)");
  expect(() => signed({ ...variables, cached_input_tokens: 11 })).toThrow("the result is negative: -1");
});

function activation(
  headers: { [name: string]: string },
  more: { [name: string]: CelVariable } = {},
): CelActivation {
  return {
    requestHeader: (name) => headers[name],
    variable: (name) =>
      name === "request" ? new Map([["headers", new Map(Object.entries(headers))]]) : more[name],
  };
}

const llm = { "x-ai-eg-model": "acme-mini", empty: "" };

test.each([
  ["request.headers['x-ai-eg-model'] != ''", true],
  ['request.headers["X-AI-EG-Model"]!=""', true],
  ["request.headers['empty'] != ''", false],
  ["request.headers['missing'] != ''", false],
  ["!(request.headers['missing'] == '')", false],
  ["!('missing' in request.headers)", true],
  ["has(request.headers.missing)", false],
  ["request.headers['x-ai-eg-model'] != '' && request.headers['empty'] == ''", true],
  ["request.headers['missing'] != '' || response.code == 200", true],
  ["response.code >= 400", false],
  ["response.code == 200", true],
  ["response.flags == 0", false],
  ["request.headers['x-ai-eg-model']", false],
  ["type(response.code) == int", true],
  ["['a', 'b'].exists(name, name in request.headers)", false],
  ["filter_state.x == 'y'", false],
])("compileBool decides %s", (source, want) => {
  const fits = compileBool(source);
  expect(fits(activation(llm, { response: new Map([["code", 200n]]) }))).toBe(want);
});

test.each([
  ["request.headers['x'] !=", "syntax error"],
  ["reqest.headers['x'] != ''", 'unknown variable "reqest"'],
  ["response.code >= 400 && frob(1)", "unbound function: frob"],
  ["1 + 'a' == 2", "found no matching overload"],
])("compileBool refuses %p", (source, message) => expect(() => compileBool(source)).toThrow(message));

test("compileBool asks for no variable where one request header decides", () => {
  const fits = compileBool("request.headers['a'] != ''");
  const asked: string[] = [];
  const watched: CelActivation = {
    requestHeader: (name) => (name === "a" ? "1" : undefined),
    variable: (name) => {
      asked.push(name);
      return undefined;
    },
  };
  expect(fits(watched)).toBe(true);
  expect(asked).toEqual([]);
});
