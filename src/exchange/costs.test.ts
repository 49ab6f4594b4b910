import { expect, test } from "bun:test";
import type { AiBackend, Cost } from "../model/ai.ts";
import { noHeaderEdits } from "../model/values.ts";
import { CostTable } from "./costs.ts";

const backend: AiBackend = {
  at: 0,
  key: "b",
  print: "",
  backendName: "default/b",
  routeName: "default/r",
  schema: { name: "OpenAI", prefix: "v1" },
  headers: noHeaderEdits,
  body: [],
};
const usage = { inputTokens: 10, outputTokens: 4 };
const cost = (metadataKey: string, amount: Cost["amount"], more: Partial<Cost> = {}): Cost => ({
  at: 0,
  metadataKey,
  amount,
  ...more,
});

const cases: {
  name: string;
  own: Cost[];
  global: Cost[];
  want: Record<string, number> | undefined;
  failed?: string[];
}[] = [
  { name: "nothing where none are configured", own: [], global: [], want: undefined },
  {
    name: "the global ones beside a route's own",
    own: [cost("a", "input")],
    global: [cost("g", "output")],
    want: { a: 10, g: 4 },
  },
  {
    name: "a route's own before the global one of its key",
    own: [cost("k", "input")],
    global: [cost("k", "output")],
    want: { k: 10 },
  },
  {
    name: "the last of several that apply",
    own: [cost("k", "input"), cost("k", "output")],
    global: [],
    want: { k: 4 },
  },
  {
    name: "only those for the backend and the model, the global one else",
    own: [
      cost("k", "input", { backend: "default/b", model: "m" }),
      cost("k", "total", { backend: "default/other" }),
      cost("l", "input", { model: "other" }),
    ],
    global: [cost("l", "output")],
    want: { k: 10, l: 4 },
  },
  {
    name: "no key whose expression fails, also where a global one would do",
    own: [cost("k", { source: "output_tokens - input_tokens", result: "count" })],
    global: [cost("k", "output"), cost("g", "total")],
    want: { g: 14 },
    failed: ["k"],
  },
];

test.each(cases)("costs are $name", ({ own, global, want, failed = [] }) => {
  const table = new CostTable({ global, byRoute: own.length > 0 ? { "default/r": own } : {} });
  const seen: string[] = [];
  expect(table.evaluate(usage, "m", backend, (key) => seen.push(key))).toEqual(want);
  expect(seen).toEqual(failed);
});
