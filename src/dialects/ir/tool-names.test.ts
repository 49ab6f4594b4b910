import { describe, expect, test } from "bun:test";
import { runStage } from "../testing.ts";
import type { IrEvent } from "./events.ts";
import type { IrRequest } from "./request.ts";
import { SchemaToolRepair, schemaToolName } from "./schema-tool.ts";
import { plainNames, ToolNames } from "./tool-names.ts";

function requestWith(...names: string[]): IrRequest {
  const tools = names.map((name) => ({ type: "function", name }) as const);
  return { model: "m", isStream: false, wantsUsage: false, messages: [], tools, sampling: {}, extras: {} };
}

const start = (name: string, block = 0): IrEvent => ({
  type: "tool-start",
  id: "c",
  name,
  kind: "function",
  choice: 0,
  block,
});

describe("ToolNames", () => {
  const cases = [
    { name: "legal names alone", tools: ["find_river", "a-b"], written: ["find_river", "a-b"] },
    { name: "what is not legal with _", tools: ["ns.find", "größe"], written: ["ns_find", "gr__e"] },
    { name: "long names short", tools: ["x".repeat(20)], written: ["x".repeat(10)] },
    { name: "names apart that would meet", tools: ["a.b", "a/b", "a_b"], written: ["a_b_2", "a_b_3", "a_b"] },
  ];
  test.each(cases)("leaves or writes $name, and changes them back", ({ tools, written }) => {
    const names = new ToolNames(requestWith(...tools), plainNames(10));
    expect(tools.map((name) => names.write(name))).toEqual(written);
    for (const [index, name] of written.entries()) {
      const [repair] = names.repairs();
      const events = repair === undefined ? [start(name)] : runStage(repair, [start(name)]);
      expect(events).toEqual([start(tools[index]!)]);
    }
  });

  test("changes names that only the history knows", () => {
    const called = { type: "tool-call", id: "c", name: "old.tool", kind: "function", input: "{}" } as const;
    const request: IrRequest = {
      ...requestWith("old_tool"),
      messages: [{ role: "assistant", parts: [called], isOrderKnown: true }],
    };
    expect(new ToolNames(request, plainNames(10)).write("old.tool")).toBe("old_tool_2");
  });

  test("needs no repair where nothing was changed", () => {
    expect(new ToolNames(requestWith("a"), plainNames(64)).repairs()).toEqual([]);
  });
});

describe("a schema's tool", () => {
  const format = { type: "json-schema", schema: {}, name: "my answer" } as const;

  test("has a name unlike the client's tools", () => {
    expect(schemaToolName(requestWith(), format)).toBe("my_answer");
    expect(schemaToolName(requestWith("my_answer"), format)).toBe("my_answer_2");
  });

  const end: IrEvent[] = [
    { type: "tool-end", choice: 0, block: 0 },
    { type: "finish", choice: 0, reason: "tool-calls", raw: "tool_use" },
  ];

  test("becomes text, and the answer stops as if it were", () => {
    const events = runStage(new SchemaToolRepair("s"), [
      start("s"),
      { type: "tool-delta", text: "{}", choice: 0, block: 0 },
      ...end,
    ]);
    expect(events.map((event) => event.type)).toEqual(["text-start", "text-delta", "text-end", "finish"]);
    expect(events.at(-1)).toMatchObject({ reason: "stop" });
  });

  test("leaves calls of the client's tools as they are", () => {
    expect(runStage(new SchemaToolRepair("s"), [start("f"), ...end])).toEqual([start("f"), ...end]);
  });
});
