import { expect, test } from "bun:test";
import { PlainDelta } from "./plain-delta.ts";
import { randomNumbers } from "./testing.ts";

const head = '{"index":0,"delta":{"type":"text_delta","text":"';
const delta = () => new PlainDelta(head, ' *}(?:,"p":"[a-z]*")? *}');

const cases: { name: string; json: string; text: string | undefined }[] = [
  { name: "a text", json: `${head}Hi there"}}`, text: "Hi there" },
  { name: "an empty text", json: `${head}"}}`, text: "" },
  { name: "letters of several bytes", json: `${head}Köln 🐟"}}`, text: "Köln 🐟" },
  { name: "a text with padding behind it", json: `${head}Hi"  },"p":"abc" }`, text: "Hi" },
  { name: "a text with a quote", json: `${head}say \\"Hi\\""}}`, text: undefined },
  { name: "a text with a line break", json: `${head}a\\nb"}}`, text: undefined },
  { name: "a text with a raw control character", json: `${head}a\nb"}}`, text: undefined },
  { name: "another head", json: `{"index":1,"delta":{"type":"text_delta","text":"Hi"}}`, text: undefined },
  { name: "a further member", json: `${head}Hi","more":1}}`, text: undefined },
  { name: "the same member again", json: `${head}Hi","text":"Ho"}}`, text: undefined },
  { name: "something behind the end", json: `${head}Hi"}}}`, text: undefined },
  { name: "an end that is missing", json: `${head}Hi"}`, text: undefined },
];

test.each(cases)("of $name the text is cut out only where it is plain", ({ json, text }) => {
  expect(delta().textIn(json)).toBe(text);
});

test("what is cut out of a damaged delta is what a parser reads", () => {
  const random = randomNumbers(7);
  const plain = delta();
  const letters = '"\\{}[]:,ax \n\u0000é';
  let cutOut = 0;
  for (let round = 0; round < 20_000; round++) {
    const json = `${head}some text"  },"p":"abc"}`;
    const at = Math.floor(random() * json.length);
    const letter = letters[Math.floor(random() * letters.length)]!;
    const damaged = json.slice(0, at) + letter + json.slice(at + Math.floor(random() * 3));
    const text = plain.textIn(damaged);
    if (text === undefined) continue;
    cutOut++;
    expect(JSON.parse(damaged).delta.text).toBe(text);
  }
  expect(cutOut).toBeGreaterThan(1000);
});
