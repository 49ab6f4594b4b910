import { describe, expect, test } from "bun:test";
import { grammarProblems } from "./check-grammar.ts";
import type { IrEvent } from "./events.ts";

const start: IrEvent = { type: "message-start" };
const open: IrEvent = { type: "text-start", isRefusal: false, choice: 0, block: 0 };
const delta: IrEvent = { type: "text-delta", text: "x", choice: 0, block: 0 };
const close: IrEvent = { type: "text-end", choice: 0, block: 0 };
const finish: IrEvent = { type: "finish", choice: 0, reason: "stop" };
const end: IrEvent = { type: "message-end" };
const error: IrEvent = { type: "error", error: { kind: "upstream", status: 500, type: "x", message: "x" } };

const cases: { name: string; events: IrEvent[]; problems: number }[] = [
  { name: "a complete answer", events: [start, open, delta, close, finish, end], problems: 0 },
  { name: "an error in the middle", events: [start, open, delta, error], problems: 0 },
  { name: "an error instead of an answer", events: [error], problems: 0 },
  { name: "a block before the start", events: [open, close, start, finish, end], problems: 2 },
  { name: "a delta after its end", events: [start, open, close, delta, finish, end], problems: 1 },
  { name: "a finish inside a block", events: [start, open, finish, end], problems: 1 },
  { name: "a choice without finish", events: [start, open, close, end], problems: 1 },
  { name: "an event after the end", events: [start, finish, end, end], problems: 1 },
  { name: "no end", events: [start, open, close, finish], problems: 1 },
  {
    name: "a gap in block numbers",
    events: [start, { ...open, block: 1 }, { ...close, block: 1 }, finish, end],
    problems: 1,
  },
];

describe("grammarProblems", () => {
  test.each(cases)("finds $problems in $name", ({ events, problems }) => {
    expect(grammarProblems(events)).toHaveLength(problems);
  });
});
