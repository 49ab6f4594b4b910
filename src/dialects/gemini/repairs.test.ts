import { describe, expect, test } from "bun:test";
import type { IrEvent } from "../ir/events.ts";
import type { IrRequest } from "../ir/request.ts";
import { deepFreeze, runStage } from "../testing.ts";
import { repairs } from "./repairs.ts";
import { request } from "./testing.ts";

const at = { choice: 0, block: 0 };

function run(members: Partial<IrRequest>, events: readonly IrEvent[]): IrEvent[] {
  return repairs(request(members)).reduce((passed, stage) => runStage(stage, passed), [...events]);
}

/** The text that is left, for every way to cut it in three. */
function textsLeft(members: Partial<IrRequest>, text: string): Set<string> {
  const left = new Set<string>();
  for (let a = 0; a <= text.length; a++) {
    for (let b = a; b <= text.length; b++) {
      const pieces = [text.slice(0, a), text.slice(a, b), text.slice(b)];
      const events = pieces.map((piece): IrEvent => ({ type: "text-delta", text: piece, ...at }));
      left.add(
        run(members, deepFreeze(events))
          .map((item) => (item.type === "text-delta" ? item.text : ""))
          .join(""),
      );
    }
  }
  return left;
}

const regex: [string, string][] = [
  ['"42"', "42"],
  ["42", "42"],
  ['""', ""],
  ['"say "hi" now"', 'say "hi" now'],
  ['""x""', '"x"'],
];
const choice: [string, string][] = [
  ["  red \n", "red"],
  ["red", "red"],
  [" dark  red ", "dark  red"],
  [" \n ", ""],
];

describe("repairs", () => {
  test.each(regex)("take the quotes off the ends of %j, however it is cut", (text, want) => {
    expect(textsLeft({ guided: { regex: "x" } }, text)).toEqual(new Set([want]));
  });

  test.each(choice)("take the blanks off the ends of %j, however it is cut", (text, want) => {
    expect(textsLeft({ guided: { choice: ["red"] } }, text)).toEqual(new Set([want]));
  });

  test("treat choices apart, and blocks of one choice together", () => {
    const events: IrEvent[] = [
      { type: "text-delta", text: '"a"', choice: 0, block: 0 },
      { type: "text-delta", text: '"b', choice: 1, block: 1 },
      { type: "text-delta", text: 'c"', choice: 0, block: 2 },
    ];
    const texts = run({ guided: { regex: "x" } }, events).map((item) =>
      item.type === "text-delta" ? item.text : "",
    );
    expect(texts).toEqual(["a", "b", '"c']);
  });

  test("keep log probabilities of a text that goes", () => {
    const logprobs = [{ token: '"', logprob: -0.1, top: [] }];
    const event: IrEvent = { type: "text-delta", text: '"', logprobs, ...at };
    expect(run({ guided: { regex: "x" } }, [event])).toEqual([{ ...event, text: "" }]);
  });

  test("give calls the client's names back", () => {
    const called = { type: "tool-start", id: "c", name: "_fast", kind: "function", ...at } as const;
    const members: Partial<IrRequest> = {
      tools: [
        { type: "function", name: "2fast" },
        { type: "function", name: "b" },
      ],
    };
    expect(run(members, [called, { ...called, name: "b" }])).toEqual([
      { ...called, name: "2fast" },
      { ...called, name: "b" },
    ]);
  });

  test("are none where nothing was changed", () => {
    expect(
      repairs(request({ tools: [{ type: "function", name: "a.b:c-d_1" }], guided: { json: {} } })),
    ).toEqual([]);
  });

  test("take long blanks in small pieces without delay", () => {
    const blanks = Array.from({ length: 100_000 }, (): IrEvent => ({ type: "text-delta", text: " ", ...at }));
    const first: IrEvent = { type: "text-delta", text: "red", ...at };
    expect(run({ guided: { choice: ["red"] } }, [first, ...blanks])).toEqual([first]);
  });
});
