import { expect, test } from "bun:test";
import { jsonErrorPosition } from "./json-position.ts";

test.each([
  ["", "line 1, column 1"],
  ["nope", "line 1, column 1"],
  ["{", "line 1, column 2"],
  ['{"a":1', "line 1, column 7"],
  ['{"a" 1}', "line 1, column 6"],
  ['{"a":1,}', "line 1, column 8"],
  ["[1,]", "line 1, column 4"],
  ["[1 2]", "line 1, column 4"],
  ['{\r\n  "a": tru\r\n}', "line 2, column 8"],
  ['{"a":"b\nc"}', "line 1, column 8"],
  ['{"a":"\\x"}', "line 1, column 7"],
  ["{'a':1}", "line 1, column 2"],
  ["[01]", "line 1, column 2"],
  ["[1]]", "line 1, column 4"],
  ["{]", "line 1, column 2"],
  ['{"a":1}\n\n {}', "line 3, column 2"],
  ['"open', "line 1, column 6"],
])("%j is broken at %s", (text, position) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonErrorPosition(text)).toBe(position);
});

test.each(['{"a":[1,-0.5e+3,true,null,"\\u00e9\\""],"b":{}}', " [] ", '"x"', "0"])("%s is JSON", (text) => {
  JSON.parse(text);
  expect(jsonErrorPosition(text)).toBeUndefined();
});
