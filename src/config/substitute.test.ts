// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the expressions under test.
import { describe, expect, test } from "bun:test";
import { substitute } from "./substitute.ts";
import { randomNumbers } from "./testing.ts";

const environment = { BAR: "bar", FOO: "foo", EMPTY: "", DOLLAR: "x$BAR", 1: "one" };

const vectors: readonly (readonly [input: string, result: string])[] = [
  ["$BAR", "bar"],
  ["$NOTSET|", "|"],
  ["${NOTSET-def}", "def"],
  ["${NOTSET:-def}", "def"],
  ["${NOTSET=def}", "def"],
  ["${NOTSET:=def}", "def"],
  ["${EMPTY-def}", ""],
  ["${EMPTY:-def}", "def"],
  ["${EMPTY=def}", ""],
  ["${EMPTY:=def}", "def"],
  ["${BAR+alt}", "alt"],
  ["${BAR:+alt}", "alt"],
  ["${EMPTY+alt}", "alt"],
  ["${EMPTY:+alt}", "alt"],
  ["${NOTSET+alt}", ""],
  ["${NOTSET:+alt}", ""],
  ["${BAR+}", "bar"],
  ["${NOTSET:-}", ""],
  ["${NOTSET:-$FOO}", "foo"],
  ["${BAR:-$NOTSET}", "bar"],
  ["${NOTSET--1}", "-1"],
  ["${NOTSET:--1}", "-1"],
  ["${NOTSET:==1}", "=1"],
  ["${BAR:+-x}", "-x"],
  ["${NOTSET:-deepseek-r1:1.5b}", "deepseek-r1:1.5b"],
  ["${NOTSET:=a:b=c+d-e}", "a:b=c+d-e"],
  ["${NOTSET:-https://a.b/c?d=e&f=g}", "https://a.b/c?d=e&f=g"],
  ["${NOTSET:-a b c}", "a b c"],
  ['${NOTSET:-"quoted"}', '"quoted"'],
  ['${NOTSET:-{"a":1}}', '{"a":1}'],
  ["${NOTSET:-_a}", "_a"],
  ["${NOTSET:-a$}", "a$"],
  ["$$BAR", "$BAR"],
  ["$${BAR}", "${BAR}"],
  ["$$$BAR", "$bar"],
  ["$$${BAR}", "$bar"],
  ["$$", "$"],
  ["$$$$BAR", "$$BAR"],
  ["$1 x", "one x"],
  ["$12 x", " x"],
  ["$BAR.baz", "bar.baz"],
  ["$BAR_baz", ""],
  ["${BAR}_baz", "bar_baz"],
  ["^foo$BAR", "^foobar"],
  ["^foo$", "^foo$"],
  ["$ x", "$ x"],
  ["$(BAR)", "$(BAR)"],
  ["$_ x", "$_ x"],
  ["${} x", "${} x"],
  ["${_} x", "${_} x"],
  ["${-x}", "${-x}"],
  ["$DOLLAR", "x$BAR"],
  ["\\$BAR", "\\bar"],
  // Where the reference gives garbage, what anyone would expect.
  ["${NOTSET:-${FOO}}", "foo"],
  ["${NOTSET:-a${FOO}b}c", "afoobc"],
  ["${NOTSET:-$FOO/suffix}", "foo/suffix"],
  ["${NOTSET:-prefix/$FOO}", "prefix/foo"],
  ["${NOTSET:-${EMPTY:-${FOO}}}!", "foo!"],
  ["${BAR:?is needed}", "bar"],
  ["${EMPTY?is needed}", ""],
  ["${BAR:-${NOTSET:?not asked}}", "bar"],
  ["${NOTSET:-$$FOO}", "$FOO"],
  ["$ÄÖ٣", ""],
];

test.each(vectors)("substitute reads %j as %j", (input, result) => {
  const { text, errors } = substitute(input, environment);
  expect({ text, errors }).toEqual({ text: result, errors: [] });
});

describe("substitute refuses", () => {
  const cases: readonly (readonly [input: string, message: string])[] = [
    ["${BAR", 'closing brace expected: "${BAR"'],
    ["${BAR\n}", 'closing brace expected: "${BAR"'],
    ["${NOTSET:-a\nb}", 'closing brace expected: "${NOTSET:-a"'],
    ["${NOTSET:-${FOO}", 'closing brace expected: "${NOTSET:-${FOO}"'],
    ["${NOTSET:?set it to a URL}", "$NOTSET is not set or empty: set it to a URL"],
    ["${EMPTY:?}", "$EMPTY is not set or empty"],
    ["${NOTSET?msg}", "$NOTSET is not set: msg"],
    ["${BAR.foo}", '"${BAR.foo}" is no expression'],
    ["${BAR foo}", '"${BAR foo}" is no expression'],
    ["${BAR/a/b}", '"${BAR/a/b}" is no expression'],
    ["${BAR:0:1}", '"${BAR:0:1}" is no expression'],
    ["${BAR:x}", '"${BAR:x}" is no expression'],
    ["${ BAR}", '"${ BAR}" is no expression'],
    ["${#BAR}", '"${#BAR}" is no expression'],
    ["${!BAR}", '"${!BAR}" is no expression'],
  ];
  test.each(cases)("%j with %j", (input, message) => {
    expect(substitute(input, environment).errors.map((error) => error.message)).toEqual([message]);
  });

  test("several expressions at once, each at its place", () => {
    const { errors } = substitute("a ${BAR.x} b\n${NOTSET:?c} ${BAR", environment);
    expect(errors.map(({ inOffset }) => inOffset)).toEqual([2, 13, 26]);
  });
});

describe("substitute notes variables that became nothing", () => {
  const cases: readonly (readonly [input: string, names: string[]])[] = [
    ["$NOTSET ${ALSO} $BAR", ["NOTSET", "ALSO"]],
    ["${NOTSET:-} ${NOTSET-} ${NOTSET+x}", []],
    ["${NOTSET:-$ALSO}", ["ALSO"]],
    ["${BAR:-$ALSO}", []],
    ["$EMPTY", []],
  ];
  test.each(cases)("in %j: %j", (input, names) => {
    expect(substitute(input, environment).unset.map(({ name }) => name)).toEqual(names);
  });
});

test("substitute does not take members that every object has for variables", () => {
  expect(substitute("$constructor ${toString:-x}", {}).text).toBe(" x");
});

interface Part {
  readonly source: string;
  readonly result: string;
  readonly isCopied: boolean;
}

const parts: readonly Part[] = [
  { source: "plain text\n", result: "plain text\n", isCopied: true },
  { source: "x: ", result: "x: ", isCopied: true },
  { source: "$BAR", result: "bar", isCopied: false },
  { source: "${LINES}", result: "one\ntwo\n", isCopied: false },
  { source: "${NOTSET}", result: "", isCopied: false },
  { source: "${NOTSET:-a default}", result: "a default", isCopied: false },
  { source: "${NOTSET:-<${FOO}>}", result: "<foo>", isCopied: false },
  { source: "$$", result: "$", isCopied: false },
];

test("every offset of a random text maps into the expression that it came from", () => {
  const random = randomNumbers(7);
  for (let round = 0; round < 300; round++) {
    // A blank behind each part keeps `$BAR` from growing into the next one.
    const chosen = Array.from({ length: 1 + random(12) }, () => parts[random(parts.length)] ?? parts[0]!);
    const source = chosen.map((part) => `${part.source} `).join("");
    const { text, map } = substitute(source, { ...environment, LINES: "one\ntwo\n" });
    expect(text).toBe(chosen.map((part) => `${part.result} `).join(""));
    let outStart = 0;
    let inStart = 0;
    for (const { source: own, result, isCopied } of chosen) {
      for (let index = 0; index < result.length; index++) {
        const { offset } = map.locate(outStart + index);
        expect(offset).toBeGreaterThanOrEqual(inStart);
        expect(offset).toBeLessThan(inStart + own.length);
        if (isCopied) expect(offset).toBe(inStart + index);
      }
      expect(map.locate(outStart + result.length).offset).toBe(inStart + own.length);
      outStart += result.length + 1;
      inStart += own.length + 1;
    }
  }
});

test("an offset inside an inserted value names the variable", () => {
  const { map } = substitute("a: $BAR\nb: 1", environment);
  expect([4, 6, 7].map((offset) => map.locate(offset))).toEqual([
    { offset: 3, variable: "BAR" },
    { offset: 7 },
    { offset: 8 },
  ]);
});
