import { expect, test } from "bun:test";
import { parseAllDocuments } from "yaml";
import { type Path, Report } from "./diagnostics.ts";
import { parseDocuments } from "./documents.ts";
import { WrittenPlaces } from "./places.ts";
import { writeDocuments } from "./yaml-writer.ts";

const values: readonly object[] = [
  { a: 1, b: true, c: null, d: "text", e: "", f: " blank ", g: [], h: {}, i: 0.5 },
  {
    words: [
      "yes",
      "No",
      "null",
      "~",
      "1",
      "1e3",
      "0x1",
      "-1",
      ".5",
      ".inf",
      "2024-01-01",
      "on",
      "=",
      "-",
      "a: b",
      "#x",
      "a #b",
    ],
  },
  {
    signs: [
      "*a",
      "&a",
      "!a",
      "%a",
      "@a",
      "`a",
      "{a}",
      "[a]",
      "'a'",
      '"a"',
      "|",
      ">",
      "?",
      "a\tb",
      "ä",
      "\u0007",
      "a\\b",
    ],
  },
  { list: [{ a: 1, b: { c: [1, 2, { d: 3 }] } }, [1, [2, 3]], "x"] },
  { "key: odd": { "": 1, "a.b/c": 2, "1": 3, yes: 4 } },
  {
    block: "one\ntwo\n",
    strip: "one\n\n  two",
    keep: "one\n\n",
    tabs: "one\n\ttwo\n",
    lead: "\none",
    blank: "one \ntwo\n",
  },
  { pem: ["-----BEGIN X-----\nabc+/=\n-----END X-----\n"] },
  [1, { a: 2 }],
];

test.each(values.map((value) => [value]))("writeDocuments writes %j as YAML that says the same", (value) => {
  const { text } = writeDocuments([value, value]);
  expect(parseAllDocuments(text).map((document) => document.toJS() as unknown)).toEqual([value, value]);
});

function* pathsOf(value: unknown, path: Path = []): Iterable<Path> {
  yield path;
  if (typeof value !== "object" || value === null) return;
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  for (const step of steps)
    yield* pathsOf((value as { [step: string | number]: unknown })[step], [...path, step]);
}

test("the places that a writer gives are those that a reader finds", () => {
  const { text, written } = writeDocuments(values);
  const { documents } = parseDocuments({ name: "x", text, isSubstituted: false }, {}, new Report());
  expect(documents.length).toBe(values.length);
  for (const [index, { value, fields }] of written.entries()) {
    const places = new WrittenPlaces("x", fields);
    for (const path of pathsOf(value)) {
      expect([path, places.at(path)]).toEqual([path, documents[index]!.places.at(path)]);
      expect([path, places.keyAt(path)]).toEqual([path, documents[index]!.places.keyAt(path)]);
      const missing = [...path, "missing", 0];
      expect([missing, places.at(missing)]).toEqual([missing, documents[index]!.places.at(missing)]);
    }
  }
});
