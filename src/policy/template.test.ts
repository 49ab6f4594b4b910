import { expect, test } from "bun:test";
import type { Template } from "../model/values.ts";
import { isTemplateOperator, parseTemplate, templateOperators } from "./template.ts";

const good: { name: string; text: string; want: Template }[] = [
  { name: "plain text", text: "hello", want: ["hello"] },
  { name: "an empty text", text: "", want: [] },
  { name: "a lone operator", text: "%START_TIME%", want: [{ operator: "START_TIME", arguments: [] }] },
  {
    name: "text around operators",
    text: "[%PROTOCOL%] %DURATION%ms\n",
    want: [
      "[",
      { operator: "PROTOCOL", arguments: [] },
      "] ",
      { operator: "DURATION", arguments: [] },
      "ms\n",
    ],
  },
  { name: "doubled percent signs", text: "100%% of %%DURATION%%", want: ["100% of %DURATION%"] },
  {
    name: "a header with an alternative, lower-case",
    text: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    want: [{ operator: "REQ", arguments: ["x-envoy-original-path", ":path"] }],
  },
  {
    name: "a length",
    text: "%RESP(Server):12%",
    want: [{ operator: "RESP", arguments: ["server"], maxLength: 12 }],
  },
  {
    name: "a length without arguments",
    text: "%ROUTE_NAME:3%",
    want: [{ operator: "ROUTE_NAME", arguments: [], maxLength: 3 }],
  },
  {
    name: "metadata with a dotted key and a nested one",
    text: "%DYNAMIC_METADATA(io.envoy.ai_gateway:session.id)%%DYNAMIC_METADATA(a:b:c)%",
    want: [
      { operator: "DYNAMIC_METADATA", arguments: ["io.envoy.ai_gateway", "session.id"] },
      { operator: "DYNAMIC_METADATA", arguments: ["a", "b", "c"] },
    ],
  },
  {
    name: "a time format with percent signs of its own",
    text: "%START_TIME(%Y-%m-%dT%H:%M:%S%z)%",
    want: [{ operator: "START_TIME", arguments: ["%Y-%m-%dT%H:%M:%S%z"] }],
  },
];

test.each(good)("parseTemplate reads $name", ({ text, want }) => expect(parseTemplate(text)).toEqual(want));

const bad: { text: string; says: string }[] = [
  {
    text: "a %NOPE% b",
    says: "unknown operator %NOPE% at character 3; known are BYTES_RECEIVED, BYTES_SENT, ",
  },
  { text: "50% of it", says: 'no operator at character 3 of "50% of it"; write %% for a percent sign' },
  { text: "%DURATION", says: "no operator at character 1" },
  { text: "%duration%", says: "no operator at character 1" },
  { text: "%DURATION(x)%", says: "%DURATION(x)% at character 1 takes no argument" },
  { text: "%REQ%", says: '"" in %REQ% at character 1 is no header name' },
  { text: "%REQ(a b)%", says: '"a b" in %REQ(a b)% at character 1 is no header name' },
  { text: "%REQ(a?b?c)%", says: "more than one alternative" },
  { text: "%ROUTE_NAME:0%", says: "length 0 of %ROUTE_NAME:0% at character 1" },
  { text: "%DYNAMIC_METADATA(io.envoy.ai_gateway)%", says: "needs a namespace and a key" },
  { text: "%START_TIME(%Q)%", says: 'unknown conversion "%Q" in a time format' },
  { text: "%DYNAMIC_METADATA(ns:)%", says: "needs a namespace and a key" },
];

test.each(bad)("parseTemplate refuses $text", ({ text, says }) =>
  expect(() => parseTemplate(text)).toThrow(says),
);

test("isTemplateOperator knows the operators and nothing inherited", () => {
  expect(Object.keys(templateOperators).filter((name) => !isTemplateOperator(name))).toEqual([]);
  expect(isTemplateOperator("toString")).toBe(false);
});
