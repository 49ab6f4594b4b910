import { expect, test } from "bun:test";
import type { PathMatch, RouteMatch } from "../model/route.ts";
import type { NamedMatch, TextMatch } from "../model/values.ts";
import { MatchTable } from "./match.ts";

const exact = (value: string): TextMatch => ({ type: "exact", value });
const anyPath: PathMatch = { type: "prefix", value: "/" };

function table(matches: { name: string; model?: TextMatch[]; headers?: NamedMatch[]; path?: PathMatch }[]) {
  return new MatchTable(
    matches.map(({ name, model = [], headers = [], path = anyPath }) => {
      const match: RouteMatch = { at: 0, name, rule: name, path, headers, model };
      return { match, value: name };
    }),
  );
}

const find = (
  of: MatchTable<string>,
  model: string | undefined,
  headers = {},
  path = "/v1/chat/completions",
) => of.find({ path, headers: new Headers(headers), model });

test("the first match that fits decides", () => {
  const models = table([
    { name: "exact", model: [exact("a")] },
    { name: "regex", model: [{ type: "regex", pattern: "a.*" }] },
    { name: "any" },
  ]);
  expect(["a", "ab", "b"].map((model) => find(models, model))).toEqual(["exact", "regex", "any"]);
});

test("a match on the model fits only when it is known; an empty one counts", () => {
  const models = table([{ name: "any-model", model: [{ type: "regex", pattern: ".*" }] }]);
  expect(find(models, undefined)).toBeUndefined();
  expect(find(models, "")).toBe("any-model");
});

test("a regex matches the whole model name", () => {
  const models = table([{ name: "gpt", model: [{ type: "regex", pattern: "gpt" }] }]);
  expect(find(models, "gpt-5")).toBeUndefined();
});

test("all headers of a match must fit; names in any case, values exactly", () => {
  const both = table([
    {
      name: "both",
      model: [exact("m")],
      headers: [
        { name: "x-team", value: exact("red") },
        { name: "x-tier", value: exact("gold"), isInverted: true },
      ],
    },
  ]);
  expect(find(both, "m", { "X-Team": "red", "x-tier": "tin" })).toBe("both");
  expect(find(both, "m", { "x-team": "Red", "x-tier": "tin" })).toBeUndefined();
  expect(find(both, "m", { "x-team": "red", "x-tier": "gold" })).toBeUndefined();
  expect(find(both, "m", { "x-team": "red" })).toBeUndefined();
});

test("a prefix ends on a segment border", () => {
  const paths = table([{ name: "v1", path: { type: "prefix", value: "/v1/" } }]);
  const found = ["/v1", "/v1/x", "/v10", "/"].map((path) => find(paths, "m", {}, path));
  expect(found).toEqual(["v1", "v1", undefined, undefined]);
});

test("more models than are remembered still find their rules", () => {
  const models = table([{ name: "last", model: [exact("model-1999")] }]);
  for (let i = 0; i < 1999; i += 1) expect(find(models, `model-${i}`)).toBeUndefined();
  expect(find(models, "model-1999")).toBe("last");
});
