import { describe, expect, test } from "bun:test";
import type { Stage } from "../stage.ts";
import { grammarProblems } from "./check-grammar.ts";
import type { IrEvent } from "./events.ts";
import { inOrder } from "./in-order.ts";

/** `+0` starts the call of block 0, `0:{}` gives it text, `-0` ends it; `+a` and so on are a text block 9. */
function event(word: string): IrEvent {
  const at = (block: string) => ({ choice: 0, block: Number(block) });
  if (word.startsWith("+t")) return { type: "text-start", isRefusal: false, ...at(word.slice(2)) };
  if (word.startsWith("-t")) return { type: "text-end", ...at(word.slice(2)) };
  if (word.startsWith("+"))
    return { type: "tool-start", id: `c${word[1]}`, name: "f", kind: "function", ...at(word.slice(1)) };
  if (word.startsWith("-")) return { type: "tool-end", ...at(word.slice(1)) };
  if (word === "end") return { type: "finish", choice: 0, reason: "tool-calls" };
  if (word === "ping") return { type: "keep-alive" };
  const [block = "", ...text] = word.split(":");
  if (block.startsWith("t")) return { type: "text-delta", text: text.join(":"), ...at(block.slice(1)) };
  return { type: "tool-delta", text: text.join(":"), ...at(block) };
}

function word(item: IrEvent): string {
  switch (item.type) {
    case "text-start":
      return `+t${item.block}`;
    case "text-end":
      return `-t${item.block}`;
    case "text-delta":
      return `t${item.block}:${item.text}`;
    case "tool-start":
      return `+${item.block}`;
    case "tool-end":
      return `-${item.block}`;
    case "tool-delta":
      return `${item.block}:${item.text}`;
    default:
      return item.type === "finish" ? "end" : "ping";
  }
}

function run(stage: Stage<IrEvent, IrEvent>, words: string): string {
  const out: string[] = [];
  for (const item of words.split(" ")) stage.push(event(item), (got) => out.push(word(got)));
  stage.end((got) => out.push(word(got)), false);
  return out.join(" ");
}

const cases = [
  {
    name: "lets blocks in order pass",
    events: "+t0 t0:a -t0 +1 1:{} -1 end",
    want: "+t0 t0:a -t0 +1 1:{} -1 end",
  },
  {
    name: "closes a complete call when the next opens, and swallows its later end",
    events: '+0 0:{"a": 0:1} +1 1:{} -0 -1 end',
    want: '+0 0:{"a": 0:1} -0 +1 1:{} -1 end',
  },
  {
    name: "lets an interleaved call wait until the live one is complete",
    events: "+0 +1 0:{ 1:{ 0:} 1:} -0 -1 end",
    want: "+0 0:{ 0:} -0 +1 1:{ 1:} -1 end",
  },
  {
    name: "lets several wait in the order in which they opened",
    events: "+0 +1 +2 2:{} 1:{} 0:{} -2 -0 -1 end",
    want: "+0 0:{} -0 +1 1:{} -1 +2 2:{} -2 end",
  },
  {
    name: "gives the rest its turn when the live call ends incomplete",
    events: "+0 0:{ +1 1:{} -0 -1 end",
    want: "+0 0:{ -0 +1 1:{} -1 end",
  },
  {
    name: "puts text behind an incomplete call, and at once behind a complete one",
    events: "+0 0:{} +t1 t1:x -t1 +2 2:{ +t3 t3:y -t3 -0 -2 end",
    want: "+0 0:{} -0 +t1 t1:x -t1 +2 2:{ -2 +t3 t3:y -t3 end",
  },
  {
    name: "lets a ping pass while a call waits",
    events: "+0 +1 ping -0 -1 end",
    want: "+0 ping -0 +1 -1 end",
  },
];

describe("inOrder", () => {
  test.each(cases)("$name", ({ events, want }) => {
    const stage = inOrder();
    expect(run(stage, events)).toBe(want);
    const all = [
      { type: "message-start" } as const,
      ...want.split(" ").map(event),
      { type: "message-end" } as const,
    ];
    // Blocks keep their numbers, so only the order of starts may differ.
    expect(grammarProblems(all).filter((problem) => !problem.includes("expected"))).toEqual([]);
  });

  test("leaves out other choices", () => {
    const out: IrEvent[] = [];
    const stage = inOrder();
    stage.push({ type: "text-start", isRefusal: false, choice: 1, block: 0 }, (item) => out.push(item));
    stage.push({ type: "finish", choice: 1, reason: "stop" }, (item) => out.push(item));
    expect(out).toEqual([]);
  });

  test("refuses to hold back without end", () => {
    const stage = inOrder();
    const ignore = () => {};
    for (const item of ["+0", "+1"]) stage.push(event(item), ignore);
    const big = { type: "tool-delta", text: "x".repeat(300_000), choice: 0, block: 1 } as const;
    for (let i = 0; i < 3; i++) stage.push(big, ignore);
    expect(() => stage.push(big, ignore)).toThrow("interleave");
  });
});
