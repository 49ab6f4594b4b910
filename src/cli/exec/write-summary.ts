import type { CallSummary, ModelSummary } from "./summary.ts";

const writers = { text: writeText, json: writeJson, junit: writeJunit, markdown: writeMarkdown };

export type SummaryFormat = keyof typeof writers;

/** The whole text, with a line break at its end. */
export function writeSummary(format: SummaryFormat, summary: CallSummary): string {
  return writers[format](summary);
}

/** Costs that only repeat the columns of tokens, as a gateway without a file has them. */
const isTokenCount = /^llm_(input|output|total|cached_input|cache_creation_input|reasoning)_token$/;

type Column = readonly [head: string, cell: (model: ModelSummary) => string];

function columnsOf(summary: CallSummary): readonly Column[] {
  const costs = [...summary.total.costs.keys()]
    .filter((key) => !isTokenCount.test(key))
    .map((key): Column => [key, ({ costs }) => writeCost(costs.get(key) ?? 0)]);
  return [
    ["model", ({ model }) => model],
    ["calls", ({ calls }) => String(calls)],
    ["errors", ({ errors }) => String(errors)],
    ["tokens in", ({ inputTokens }) => String(inputTokens)],
    ["cached", ({ cachedTokens }) => String(cachedTokens)],
    ["tokens out", ({ outputTokens }) => String(outputTokens)],
    ...costs,
    ["mean", ({ calls, totalMs }) => seconds(totalMs / Math.max(calls, 1))],
    ["slowest", ({ slowestMs }) => seconds(slowestMs)],
  ];
}

function rowsOf(summary: CallSummary): string[][] {
  const { models, total } = summary;
  const columns = columnsOf(summary);
  const all = models.length > 1 ? [...models, total] : models;
  return [columns.map(([head]) => head), ...all.map((model) => columns.map(([, cell]) => cell(model)))];
}

function writeText(summary: CallSummary): string {
  if (summary.models.length === 0) return "aigw: no calls\n";
  const rows = rowsOf(summary);
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  "),
  );
  const errors = summary.errors.map(([reason, count]) => `${count} × ${oneLine(reason)}`);
  const notes = errors.length === 0 ? [] : [`errors: ${errors.join(", ")}`];
  const [slow] = summary.slowest;
  if (slow !== undefined) {
    notes.push(
      `slowest: ${slow.endpoint} of ${oneLine(slow.model)}, ${seconds(slow.durationMs)} (${slow.requestId})`,
    );
  }
  return `aigw: calls through the gateway\n${[...lines.map(oneLine), ...notes].map((line) => `  ${line}\n`).join("")}`;
}

function writeMarkdown(summary: CallSummary): string {
  const title = "### Calls through aigw\n\n";
  if (summary.models.length === 0) return `${title}None.\n`;
  const [head = [], ...rows] = rowsOf(summary);
  const line = (cells: readonly string[]) => `| ${cells.map(markdownCell).join(" | ")} |\n`;
  const rule = `|${head.map((_, at) => (at === 0 ? " --- |" : " ---: |")).join("")}\n`;
  const errors = summary.errors.map(([reason, count]) => `- ${count} × ${markdownCell(reason)}\n`).join("");
  return `${title}${line(head)}${rule}${rows.map(line).join("")}${errors === "" ? "" : `\nErrors:\n\n${errors}`}\n`;
}

function writeJson(summary: CallSummary): string {
  const plain = ({ costs, ...counts }: ModelSummary) => ({
    ...counts,
    totalMs: Math.round(counts.totalMs),
    slowestMs: Math.round(counts.slowestMs),
    costs: Object.fromEntries(costs),
  });
  const { model: _, ...total } = plain(summary.total);
  const document = {
    total,
    models: summary.models.map(plain),
    errors: Object.fromEntries(summary.errors),
    slowest: summary.slowest.map((call) => ({ ...call, durationMs: Math.round(call.durationMs) })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** One test case a model, which fails when one of its calls did. */
function writeJunit(summary: CallSummary): string {
  const { models, total } = summary;
  const failed = models.filter(({ errors }) => errors > 0).length;
  const counts = `tests="${models.length}" failures="${failed}" errors="0" skipped="0"`;
  const cases = models.map((model) => {
    const { calls, errors, inputTokens, outputTokens, totalMs } = model;
    const said = `${calls} calls, ${inputTokens} tokens in, ${outputTokens} tokens out`;
    const failure = errors === 0 ? "" : `<failure message="${errors} of ${calls} calls failed"/>`;
    const name = xml(model.model);
    return `    <testcase classname="aigw" name="${name}" time="${(totalMs / 1000).toFixed(3)}">${failure}<system-out>${said}</system-out></testcase>\n`;
  });
  const time = `time="${(total.totalMs / 1000).toFixed(3)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${counts} ${time}>
  <testsuite name="calls through aigw" ${counts} ${time}>
${cases.join("")}  </testsuite>
</testsuites>
`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

function writeCost(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(6).replace(/\.?0+$/, "");
}

/** Clients choose names of models: none of them may begin a line, or say more than a name. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}

function markdownCell(text: string): string {
  return oneLine(text).replaceAll(/[\\|<>`*_[\]]/g, "\\$&");
}

function xml(text: string): string {
  const names: { [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return oneLine(text).replaceAll(/[&<>"]/g, (character) => names[character] ?? "");
}
