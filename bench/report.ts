/** The table that the benchmark prints, and the goals it is held against. */

export interface Row {
  readonly what: string;
  readonly unit: string;
  /** One for each column that was measured. */
  readonly direct?: number;
  readonly floor?: number;
  readonly aigw: number;
  /** How aigw is compared with the floor: `share` in percent, `added` in the row's unit. */
  readonly compare?: "share" | "added";
  readonly goal?: Goal;
}

/** `of`: what the goal is about, aigw's own value or its comparison with the floor. */
export interface Goal {
  readonly of: "value" | "comparison";
  readonly least?: number;
  readonly most?: number;
}

const columns = ["", "", "direct", "floor", "aigw", "to floor", "goal", ""] as const;

export function formatTable(rows: readonly Row[]): string {
  const cells = [columns, ...rows.map(formatRow)];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const pad = (text: string, column: number) =>
    column < 2 || column > 5 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return cells.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function formatRow(row: Row): string[] {
  const { what, unit, direct, floor, aigw, goal } = row;
  const verdict = goal === undefined ? "" : isMet(row) ? "met" : "MISSED";
  const comparison = formatComparison(row);
  return [what, unit, format(direct), format(floor), format(aigw), comparison, formatGoal(row), verdict];
}

function comparisonOf({ floor = Number.NaN, aigw, compare }: Row): number {
  return compare === "share" ? (aigw / floor) * 100 : aigw - floor;
}

function formatComparison(row: Row): string {
  if (row.compare === undefined) return "";
  const value = comparisonOf(row);
  return row.compare === "share" ? `${value.toFixed(0)} %` : `${value < 0 ? "" : "+"}${format(value)}`;
}

function formatGoal({ goal, compare }: Row): string {
  if (goal === undefined) return "";
  const unit = goal.of === "comparison" && compare === "share" ? " %" : "";
  const sign = goal.of === "comparison" && compare === "added" ? "+" : "";
  return goal.least === undefined ? `< ${sign}${goal.most}${unit}` : `>= ${goal.least}${unit}`;
}

export function isMet(row: Row): boolean {
  const { goal } = row;
  if (goal === undefined) return true;
  const value = goal.of === "value" ? row.aigw : comparisonOf(row);
  return value >= (goal.least ?? -Infinity) && value < (goal.most ?? Infinity);
}

function format(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}
