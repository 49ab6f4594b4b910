import { expect, test } from "bun:test";
import type { Settled } from "../../exchange/settled.ts";
import { settledWith } from "../../telemetry/testing.ts";
import { CallSummary } from "./summary.ts";
import { writeSummary } from "./write-summary.ts";

function summaryOf(...calls: readonly Partial<Settled>[]): CallSummary {
  const summary = new CallSummary();
  for (const call of calls) summary.add(settledWith(call));
  return summary;
}

const calls: readonly Partial<Settled>[] = [
  { costs: { llm_cost: 0.5, llm_input_token: 13 }, durationMs: 400 },
  { costs: { llm_cost: 1 }, durationMs: 600, requestId: "r-slow" },
  {
    originalModel: 'gpt|"<x>"\n# oops',
    durationMs: 20,
    usage: {},
    isError: true,
    failure: "upstream_unreachable",
    outcome: { status: 503, isComplete: true },
  },
];

test("as text: a column for each number, a line for each model and for all, then errors and the slowest", () => {
  expect(writeSummary("text", summaryOf(...calls))).toBe(
    [
      "aigw: calls through the gateway",
      "  model             calls  errors  tokens in  cached  tokens out  llm_cost    mean  slowest",
      "  acme-chat             2       0         26       0          18       1.5  0.50 s   0.60 s",
      '  gpt|"<x>" # oops      1       1          0       0           0         0  0.02 s   0.02 s',
      "  all                   3       1         26       0          18       1.5  0.34 s   0.60 s",
      "  errors: 1 × upstream unreachable",
      "  slowest: chat of acme-chat, 0.60 s (r-slow)",
      "",
    ].join("\n"),
  );
});

test("as Markdown no model's name leaves its cell", () => {
  const text = writeSummary("markdown", summaryOf(...calls));
  expect(text).toContain('\n| gpt\\|"\\<x\\>" # oops | 1 | 1 |');
  expect(text).toContain("\n- 1 × upstream unreachable\n");
});

test("as JSON: totals, models, errors and the slowest calls", () => {
  const { total, models, errors, slowest } = JSON.parse(writeSummary("json", summaryOf(...calls)));
  expect(total).toMatchObject({
    calls: 3,
    errors: 1,
    inputTokens: 26,
    outputTokens: 18,
    costs: { llm_cost: 1.5 },
  });
  expect(models.map(({ model, calls }: { model: string; calls: number }) => [model, calls])).toEqual([
    ["acme-chat", 2],
    [calls[2]?.originalModel, 1],
  ]);
  expect(errors).toEqual({ "upstream unreachable": 1 });
  expect(slowest[0]).toEqual({ model: "acme-chat", endpoint: "chat", durationMs: 600, requestId: "r-slow" });
});

test("as JUnit: a case for each model, which fails when a call of it did", () => {
  const text = writeSummary("junit", summaryOf(...calls));
  expect(text).toContain('<testsuites tests="2" failures="1" errors="0" skipped="0" time="1.020">');
  expect(text).toContain(
    'name="gpt|&quot;&lt;x&gt;&quot; # oops" time="0.020"><failure message="1 of 1 calls failed"/>',
  );
});

test("without calls each shape says so", () => {
  expect(writeSummary("text", summaryOf())).toBe("aigw: no calls\n");
  expect(writeSummary("markdown", summaryOf())).toEndWith("None.\n");
  expect(JSON.parse(writeSummary("json", summaryOf())).total.calls).toBe(0);
});

test("models that clients make up do not grow the summary without bound", () => {
  const many = Array.from({ length: 300 }, (_, index) => ({ originalModel: `m${index}` }));
  const { models, total } = summaryOf(...many);
  expect([models.length, models[0]?.model, models[0]?.calls, total.calls]).toEqual([
    201,
    "other models",
    100,
    300,
  ]);
});

test.each([
  ["an upstream's own error", { isError: true, outcome: { status: 429, isComplete: true } }, "status 429"],
  [
    "a stream that broke",
    { isError: true, outcome: { status: 200, isComplete: false } },
    "cut off before the end",
  ],
])("%s has its own name among the errors", (_, call, want) => {
  expect(summaryOf(call).errors).toEqual([[want, 1]]);
});
