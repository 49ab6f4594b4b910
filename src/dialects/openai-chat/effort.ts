/** Models that are known to think, and to take an effort. */
const thinkers = /(?:^|[/.:-])(?:o[1-9]|gpt-[5-9]|gpt-oss|codex)/;

export function canThink(model: string): boolean {
  return thinkers.test(model);
}

/** Between the budgets 1024, 4096 and 16384 that low, medium and high stand for. */
export function effortOf(budgetTokens: number): string {
  if (budgetTokens < 2048) return "low";
  return budgetTokens < 8192 ? "medium" : "high";
}
