import { describe, expect, test } from "bun:test";
import {
  BrokenJson,
  findLastMember,
  findMember,
  findMembers,
  memberName,
  parseAt,
  skipValue,
  textStart,
} from "./json-scan.ts";
import { bytesOf, textOf } from "./testing.ts";

const long = "x".repeat(100);
const escapes = '\\"'.repeat(100);

const values: { name: string; text: string }[] = [
  { name: "an empty string", text: '""' },
  { name: "a string with an escaped quote", text: '"a\\"b"' },
  { name: "a string that ends with an escaped backslash", text: '"a\\\\"' },
  { name: "a long string with an escaped quote", text: `"${long}\\"${long}"` },
  { name: "a long string that ends with an escaped backslash", text: `"${long}\\\\"` },
  { name: "a backslash on the border of the short way", text: `"${"x".repeat(31)}\\"${long}"` },
  { name: "a run of backslashes before a quote", text: `"${long}\\\\\\"${long}"` },
  { name: "many escaped quotes", text: `"${escapes}"` },
  { name: "many escaped quotes in a row", text: `"${long}${escapes}${long}\\\\"` },
  { name: "a number", text: "-12.50e+3" },
  { name: "a literal", text: "null" },
  { name: "brackets inside strings", text: '{"a":"}]","b":["{["]}' },
  { name: "nested containers", text: '[[],{},[{"a":[1,2]}]]' },
];

test.each(values)("skipValue goes over $name and no further", ({ text }) => {
  for (const rest of ["", ",1", "}", " ]"]) {
    expect(textOf(bytesOf(text + rest).subarray(0, skipValue(bytesOf(text + rest), 0)))).toBe(text);
  }
});

test.each(['"abc', `"${long}`, '"abc\\"', "[1,2", '{"a":"b"', "", "{"])("%s ends early", (text) => {
  expect(() => skipValue(bytesOf(text), 0)).toThrow(BrokenJson);
});

describe("findMembers", () => {
  const model = memberName("model");
  const usage = memberName("usage");

  test("finds values in one pass, in the order asked", () => {
    const text = bytesOf('{ "usage" : {"model":"no"} , "model" :"m" }');
    const [first = -1, second = -1] = findMembers(text, textStart(text), [model, usage]);
    expect(parseAt(text, first)).toBe("m");
    expect(parseAt(text, second)).toEqual({ model: "no" });
  });

  test("takes the first of duplicates, and a key that is escaped", () => {
    const text = bytesOf('{"mod\\u0065l":1,"model":2}');
    expect(parseAt(text, findMember(text, 0, model))).toBe(1);
  });

  test.each(["[]", "7", '"model"', "", "{}", '{"models":1,"mode":2}'])("finds nothing in %s", (text) => {
    expect(findMembers(bytesOf(text), 0, [model, usage])).toEqual([-1, -1]);
    expect(findMember(bytesOf(text), 0, model)).toBe(-1);
    expect(parseAt(bytesOf(text), -1)).toBeUndefined();
  });

  test("begins after a byte order mark", () => {
    const text = bytesOf('\uFEFF {"model":"m"}');
    expect(parseAt(text, findMember(text, textStart(text), model))).toBe("m");
  });
});

describe("findLastMember", () => {
  const usage = memberName("usage");
  const cases: { name: string; text: string; want: unknown }[] = [
    { name: "a member at the end", text: '{"data":[1],"usage":{"n":1}}\n', want: { n: 1 } },
    { name: "a member with others after it", text: '{ "usage" : 7 , "a":"}" , "b":[{}] }', want: 7 },
    { name: "the last of duplicates", text: '{"usage":1,"usage":2}', want: 2 },
    {
      name: "the top one, not one that is nested",
      text: '{"usage":1,"a":{"usage":2},"b":[{"usage":3,"c":4}]}',
      want: 1,
    },
    { name: "none that is nested", text: '{"a":{"usage":2}}', want: undefined },
    { name: "none that is text", text: '{"a":"\\"usage\\":1}"}', want: undefined },
    { name: "none that is a value", text: '{"a":"usage"}', want: undefined },
    { name: "none in an array", text: '[{"usage":1}]', want: undefined },
    { name: "none in text", text: 'He said "usage": 5}', want: undefined },
    { name: "none in nothing", text: "", want: undefined },
  ];

  test.each(cases)("finds $name", ({ text, want }) => {
    expect(parseAt(bytesOf(text), findLastMember(bytesOf(text), usage))).toEqual(want);
  });

  test("gives up on a text that is made to be searched for long", () => {
    const depth = 100_000;
    const text = bytesOf(`${'{"usage":'.repeat(depth)}1${"}".repeat(depth)}`);
    expect(findLastMember(text, usage)).toBe(-1);
  });
});
