import { describe, expect, test } from "bun:test";
import { runStage } from "../testing.ts";
import { grammarProblems } from "./check-grammar.ts";
import type { IrEvent } from "./events.ts";
import { SchemaToolRepair } from "./schema-tool.ts";

const at = (block: number) => ({ choice: 0, block });
const start: IrEvent = { type: "message-start" };
const end: IrEvent = { type: "message-end" };
const finish = (reason: "stop" | "tool-calls" | "length"): IrEvent => ({ type: "finish", choice: 0, reason });
const call = (block: number, name: string, ...pieces: string[]): IrEvent[] => [
  { type: "tool-start", id: "t", name, kind: "function", ...at(block) },
  ...pieces.map((text): IrEvent => ({ type: "tool-delta", text, ...at(block) })),
  { type: "tool-end", ...at(block) },
];
const text = (block: number, ...pieces: string[]): IrEvent[] => [
  { type: "text-start", isRefusal: false, ...at(block) },
  ...pieces.map((piece): IrEvent => ({ type: "text-delta", text: piece, ...at(block) })),
  { type: "text-end", ...at(block) },
];
const thought = (block: number): IrEvent[] => [
  { type: "reasoning-start", isSummary: false, ...at(block) },
  { type: "reasoning-end", ...at(block) },
];

const cases: { name: string; events: IrEvent[]; want: IrEvent[] }[] = [
  {
    name: "a call as text that ends by itself",
    events: [start, ...call(0, "sum", '{"n":', "4}"), finish("tool-calls"), end],
    want: [start, ...text(0, '{"n":', "4}"), finish("stop"), end],
  },
  {
    name: "words before a call as nothing, without a gap in the numbers",
    events: [start, ...thought(0), ...text(1, "I call."), ...call(2, "sum", "{}"), finish("tool-calls"), end],
    want: [start, ...thought(0), ...text(1, "{}"), finish("stop"), end],
  },
  {
    name: "words without a call as the answer",
    events: [start, ...text(0, "Fo", "ur."), finish("stop"), end],
    want: [start, ...text(0, "Fo", "ur."), finish("stop"), end],
  },
  {
    name: "calls of other tools as calls",
    events: [start, ...call(0, "f", "{}"), finish("tool-calls"), end],
    want: [start, ...call(0, "f", "{}"), finish("tool-calls"), end],
  },
  {
    name: "an answer that was cut at the limit as that",
    events: [start, ...call(0, "sum", '{"n":'), finish("length"), end],
    want: [start, ...text(0, '{"n":'), finish("length"), end],
  },
];

describe("SchemaToolRepair", () => {
  test.each(cases)("gives back $name", ({ events, want }) => {
    const repaired = runStage(new SchemaToolRepair("sum"), events);
    expect(repaired).toEqual(want);
    expect(grammarProblems(repaired)).toEqual([]);
  });

  test("shows the words that an error leaves behind", () => {
    const error = { kind: "upstream", status: 500, type: "x", message: "y" } as const;
    const events: IrEvent[] = [start, ...text(0, "Fo"), { type: "error", error }];
    expect(runStage(new SchemaToolRepair("sum"), events)).toEqual(events);
  });
});
