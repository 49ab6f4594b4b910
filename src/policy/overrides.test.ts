import { expect, test } from "bun:test";
import type { ResponseOverride } from "../model/traffic.ts";
import { findOverride, overridingAnswer, prepareOverrides } from "./overrides.ts";

const override = (more: Partial<ResponseOverride>): ResponseOverride => ({
  at: 0,
  source: "all",
  statuses: [],
  headers: [],
  answer: { type: "answer", headers: [], body: "other" },
  ...more,
});

const cases: readonly [string, Partial<ResponseOverride>, number, boolean, boolean][] = [
  ["one status", { statuses: [[429, 429]] }, 429, false, true],
  ["another status", { statuses: [[429, 429]] }, 428, false, false],
  ["a range, with its ends", { statuses: [[500, 503]] }, 503, false, true],
  ["beyond a range", { statuses: [[500, 503]] }, 504, false, false],
  ["the gateway's own", { source: "local" }, 503, true, true],
  ["a backend's, where the gateway's own are meant", { source: "local" }, 503, false, false],
  ["the gateway's, where backends' are meant", { source: "backend" }, 503, true, false],
  ["a header", { headers: [{ name: "x-kind", value: { type: "exact", value: "raw" } }] }, 200, false, true],
  [
    "a header that is not there",
    { headers: [{ name: "x", value: { type: "regex", pattern: ".*" } }] },
    200,
    false,
    false,
  ],
];
test.each(cases)("%s", (_, more, status, isLocal, want) => {
  const facts = { status, isLocal, headers: new Headers({ "x-kind": "raw" }) };
  expect(findOverride(prepareOverrides([override(more)]), facts) !== undefined).toBe(want);
});

test("the first that fits counts", () => {
  const [one, two] = [override({ source: "backend" }), override({})];
  expect(
    findOverride(prepareOverrides([one, two]), { status: 1, isLocal: true, headers: new Headers() }),
  ).toBe(two);
});

test("a redirect changes the parts of the request's URL that it names", () => {
  const to = (answer: object) =>
    overridingAnswer(
      override({ answer: { type: "redirect", status: 302, ...answer } }),
      "http://a.com:81/x?y=1",
    );
  expect(to({}).headers).toEqual([["location", "http://a.com:81/x?y=1"]]);
  expect(to({ scheme: "https", host: "b.com", port: 443, path: "/z" }).headers).toEqual([
    ["location", "https://b.com/z?y=1"],
  ]);
});

test("an answer without a body, a status or a type leaves those as they were", () => {
  expect(
    overridingAnswer(override({ answer: { type: "answer", headers: [["a", "b"]] } }), "http://a/"),
  ).toEqual({
    headers: [["a", "b"]],
  });
});
