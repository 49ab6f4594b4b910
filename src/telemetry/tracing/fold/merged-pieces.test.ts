import { describe, expect, test } from "bun:test";
import { foldChat } from "./chat.ts";
import { foldStream } from "./index.ts";
import { MergedPieces } from "./merged-pieces.ts";

const delta = (delta: object, more = {}) =>
  JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason: null, ...more }] });

function mergedOf(lines: readonly string[]): readonly string[] {
  const merged: string[] = [];
  const pieces = new MergedPieces((data) => merged.push(data));
  for (const line of lines) pieces.add(line);
  pieces.flush();
  return merged;
}

test("events that differ in their text alone become one", () => {
  const lines = ["a", ' "b"\n', "\\", "", "ü\u{1f600}"].map((content) => delta({ content }));
  expect(mergedOf(lines)).toEqual([delta({ content: 'a "b"\n\\ü\u{1f600}' })]);
});

test("halves of a character that come as escapes meet", () => {
  const [before, after] = delta({ content: "|" }).split("|");
  const merged = mergedOf([`${before}\\ud83d${after}`, `${before}\\ude00${after}`]);
  expect(merged.map((data) => JSON.parse(data))).toEqual([JSON.parse(delta({ content: "\u{1f600}" }))]);
});

describe("nothing is lost of", () => {
  const call = { tool_calls: [{ index: 0, function: { arguments: "x" } }] };
  const streams: { readonly [name: string]: readonly string[] } = {
    "tool calls beside text": [delta({ content: "a", ...call }), delta({ content: "b", ...call })],
    "tool calls before text": [delta({ ...call, content: "a" }), delta({ ...call, content: "b" })],
    "reasoning beside text": ["a", "b"].map((content) => delta({ content, reasoning_content: "r" })),
    "two choices": ["a", "b"].map((content) =>
      JSON.stringify({ choices: [0, 1].map((index) => ({ index, delta: { content } })) }),
    ),
    "choices in turn": ["a", "b", "c", "d"].map((content, at) => delta({ content }, { index: at % 2 })),
    "text that looks like JSON": ['{"content":"', '"', '\\","content":"', "}"].map((content) =>
      delta({ content }),
    ),
    "tool calls whose arguments look like text": ['{\\"content\\":\\"', "x", "x"].map((text) =>
      delta({ tool_calls: [{ index: 0, function: { arguments: text } }] }),
    ),
    "a bad piece among good ones": ["a", "BAD", "b"].map((content) =>
      delta({ content }).replace("BAD", "\\x"),
    ),
    "a bad piece before good ones": ["BAD", "a", "b"].map((content) =>
      delta({ content }).replace("BAD", "\t"),
    ),
    "a piece that was cut": [delta({ content: "a" }), delta({ content: "b" }).slice(0, -9)],
    "an end": [delta({ content: "a" }), delta({ content: "" }, { finish_reason: "stop" })],
  };
  for (const [name, lines] of Object.entries(streams)) {
    test(name, () => {
      const events = lines.flatMap((line) => {
        try {
          return [JSON.parse(line)];
        } catch {
          return [];
        }
      });
      const stream = lines.map((line) => `data: ${line}\n\n`).join("");
      expect(foldStream("chat", stream)).toEqual(foldChat({ events, isDone: false }));
    });
  }
});
