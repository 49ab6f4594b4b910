import { describe, expect, test } from "bun:test";
import { EarlyEnd, findMember, findMembers, memberName, parseAt, skipValue, textStart } from "./json-scan.ts";
import { bytesOf, textOf } from "./testing.ts";

const long = "x".repeat(100);

const values: { name: string; text: string }[] = [
  { name: "an empty string", text: '""' },
  { name: "a string with an escaped quote", text: '"a\\"b"' },
  { name: "a string that ends with an escaped backslash", text: '"a\\\\"' },
  { name: "a long string with an escaped quote", text: `"${long}\\"${long}"` },
  { name: "a long string that ends with an escaped backslash", text: `"${long}\\\\"` },
  { name: "a backslash on the border of the short way", text: `"${"x".repeat(31)}\\"${long}"` },
  { name: "a run of backslashes before a quote", text: `"${long}\\\\\\"${long}"` },
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
  expect(() => skipValue(bytesOf(text), 0)).toThrow(EarlyEnd);
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
