import { expect, test } from "bun:test";
import type { LimitSelector } from "../../model/traffic.ts";
import { compileSelector } from "./selector.ts";

const facts = {
  method: "POST",
  path: "/v1/chat/completions?tenant=t1",
  headers: new Headers({ "x-user": "anna", "x-plan": "gold" }),
  model: "gpt-4o",
  remoteAddress: () => "::ffff:10.1.2.3",
};
const none: LimitSelector = {
  headers: [],
  distinctHeaders: [],
  isCidrDistinct: false,
  methods: [],
  query: [],
  distinctQuery: [],
};
const exact = (name: string, value: string, isInverted = false) => ({
  name,
  value: { type: "exact" as const, value },
  isInverted,
});
const path = (value: string, isInverted = false) => ({
  path: { match: { type: "prefix" as const, value }, isInverted },
});

const cases: readonly [string, Partial<LimitSelector>, string | undefined][] = [
  ["nothing", {}, ""],
  ["a header", { headers: [exact("x-user", "anna")] }, ""],
  ["another value", { headers: [exact("x-user", "bert")] }, undefined],
  ["an inverted header", { headers: [exact("x-user", "bert", true)] }, ""],
  ["an inverted header that is not there", { headers: [exact("x-none", "a", true)] }, ""],
  ["a regular expression", { headers: [{ name: "x-user", value: { type: "regex", pattern: "an+a" } }] }, ""],
  ["the model", { headers: [exact("x-ai-eg-model", "gpt-4o")] }, ""],
  ["a method", { methods: [{ value: "POST", isInverted: false }] }, ""],
  ["any method but this", { methods: [{ value: "POST", isInverted: true }] }, undefined],
  ["a path, without the query", path("/v1/chat"), ""],
  ["any path but this", path("/v1/chat", true), undefined],
  ["a query parameter", { query: [exact("tenant", "t1")] }, ""],
  ["a block of addresses", { cidr: "10.0.0.0/8" }, ""],
  ["another block", { cidr: "192.168.0.0/16" }, undefined],
  ["two that must both fit", { headers: [exact("x-user", "anna"), exact("x-plan", "iron")] }, undefined],
  ["each value of a header", { distinctHeaders: ["x-user"] }, "4:anna"],
  ["each value of a header that is not there", { distinctHeaders: ["x-none"] }, undefined],
  ["each pair of values", { distinctHeaders: ["x-user", "x-plan"] }, "4:anna4:gold"],
  ["each value of a query parameter", { distinctQuery: ["tenant"] }, "2:t1"],
  ["each address", { cidr: "0.0.0.0/0", isCidrDistinct: true }, "8:10.1.2.3"],
  ["each address of another block", { cidr: "192.168.0.0/16", isCidrDistinct: true }, undefined],
];
test.each(cases)("%s", (_, selector, want) => {
  expect(compileSelector({ ...none, ...selector })(facts)).toBe(want as string);
});
