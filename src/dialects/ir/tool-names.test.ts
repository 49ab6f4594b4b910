import { describe, expect, test } from "bun:test";
import { runStage } from "../testing.ts";
import type { IrEvent } from "./events.ts";
import type { IrRequest } from "./request.ts";
import { plainNames, ToolNames } from "./tool-names.ts";

const long = "x".repeat(70);
const request: IrRequest = {
  model: "m",
  isStream: false,
  wantsUsage: false,
  messages: [
    {
      role: "assistant",
      parts: [{ type: "tool-call", id: "c", name: "old.tool", kind: "function", input: "{}" }],
      isOrderKnown: true,
    },
  ],
  tools: ["f", "a.b", "a_b", `${long}1`, `${long}2`].map((name) => ({ type: "function", name })),
  sampling: {},
  extras: {},
};

describe("ToolNames", () => {
  const names = new ToolNames(request, plainNames(64));
  const written = ["f", "a.b", "a_b", `${long}1`, `${long}2`, "old.tool"].map((name) => names.write(name));

  test("keeps legal names and makes the others legal and different", () => {
    expect(written[0]).toBe("f");
    expect(written[2]).toBe("a_b");
    expect(new Set(written).size).toBe(6);
    for (const name of written) expect(name).toMatch(/^[\w-]{1,64}$/);
  });

  test("gives calls in the answer their names back", () => {
    const start = (name: string): IrEvent => ({
      type: "tool-start",
      id: "t",
      name,
      kind: "function",
      choice: 0,
      block: 0,
    });
    const [repair] = names.repairs();
    expect(runStage(repair!, [start(written[1]!), start("f"), start("unknown")])).toEqual([
      start("a.b"),
      start("f"),
      start("unknown"),
    ]);
  });

  test("needs no repair where nothing changed", () => {
    expect(new ToolNames({ ...request, messages: [], tools: [] }, plainNames(64)).repairs()).toEqual([]);
  });
});
