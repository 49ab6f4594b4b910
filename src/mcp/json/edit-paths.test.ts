import { expect, test } from "bun:test";
import { decodeText, encodeText } from "../../dialects/wire/text.ts";
import { editPaths, type PathEdit } from "./edit-paths.ts";

const cases: { name: string; text: string; edits: PathEdit[]; want: string }[] = [
  { name: "nothing", text: "{ }", edits: [], want: "{ }" },
  {
    name: "a member, and leaves numbers, order and space",
    text: '{ "id" : 12345678901234567890,\n"params":{"x":1.10,"name":"a__b"} }',
    edits: [{ path: ["params", "name"], json: '"b"' }],
    want: '{ "id" : 12345678901234567890,\n"params":{"x":1.10,"name":"b"} }',
  },
  {
    name: "several elements in one pass",
    text: '{"r":{"c":[{"uri":"a"},{"t":1},{"n":{"uri":"b"}}]}}',
    edits: [
      { path: ["r", "c", 2, "n", "uri"], json: '"x+b"' },
      { path: ["r", "c", 0, "uri"], json: '"x+a"' },
    ],
    want: '{"r":{"c":[{"uri":"x+a"},{"t":1},{"n":{"uri":"x+b"}}]}}',
  },
  {
    name: "both of a member that is there twice, also when it is escaped",
    text: '{"a":1,"\\u0061":2}',
    edits: [{ path: ["a"], json: "3" }],
    want: '{"a":3,"\\u0061":3}',
  },
  {
    name: "nothing where the path leads nowhere",
    text: '{"a":[1],"b":"c"}',
    edits: [
      { path: ["a", 5], json: "0" },
      { path: ["b", "c"], json: "0" },
      { path: ["a", "b"], json: "0" },
    ],
    want: '{"a":[1],"b":"c"}',
  },
];

test.each(cases)("editPaths edits $name", ({ text, edits, want }) => {
  expect(decodeText(editPaths(encodeText(text), edits))).toBe(want);
});
