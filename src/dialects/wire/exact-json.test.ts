import { describe, expect, test } from "bun:test";
import { hasOddNumber, numberOf, objectOf, parseExact, parseExactObject } from "./exact-json.ts";

const kept = [
  '{"id":12345678901234567890}',
  '{"n":1.0,"m":[1.50,-0,1e400,1E5,0.00000001]}',
  "[123456789.123456789]",
  '{"deep":{"a":[{"b":-12345678901234567890}]}}',
  "12345678901234567890",
  '{"a":\n9007199254740993}',
];
const plain = [
  '{"a":1,"b":2.5,"c":-3,"d":0,"e":"1e5","f":"AAAA1e5=="}',
  "[0.1,100,1234567890]",
  '{"t":"one 1.5 two"}',
];

describe("parseExact", () => {
  test.each([...kept, ...plain])("keeps every number of %s", (text) => {
    expect(JSON.stringify(parseExact(text))).toBe(text.replace("\n", ""));
  });

  test.each(kept)("notices %s", (text) => expect(hasOddNumber(text)).toBe(true));
  test.each(plain)("needs no second look at %s", (text) => expect(hasOddNumber(text)).toBe(false));

  test("keeps numbers that only writing would change, whatever they are", () => {
    for (let i = 0; i < 2000; i++) {
      const digits = Array.from({ length: 1 + (i % 24) }, (_, at) => (i * 7 + at * 3) % 10).join("");
      const number = `${i % 2 ? "-" : ""}${digits.replace(/^0+(?=\d)/, "")}${i % 3 ? "" : `.${digits}`}${i % 5 ? "" : "e-7"}`;
      expect(JSON.stringify(parseExact(`{"n":${number}}`))).toBe(`{"n":${number}}`);
    }
  });
});

describe("readers of values", () => {
  const value = parseExact('{"big":12345678901234567890,"one":1.0,"text":"x"}');
  test("a kept number reads as a number and not as an object", () => {
    const object = objectOf(value);
    expect(numberOf(object?.["one"])).toBe(1);
    expect(objectOf(object?.["big"])).toBeUndefined();
    expect(numberOf(object?.["text"])).toBeUndefined();
  });

  test("only objects are objects", () => {
    expect([null, [], "x", 1, undefined].map(objectOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(parseExactObject("[1]")).toBeUndefined();
    expect(parseExactObject("{")).toBeUndefined();
  });
});
