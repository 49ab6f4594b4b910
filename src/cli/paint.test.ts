import { expect, test } from "bun:test";
import { dim, paintSeverity } from "./paint.ts";

test("colours are for terminals that want them", () => {
  const line = "error: gw.yaml:1:1: error";
  expect(paintSeverity(line, "error", { isColored: true })).toBe(
    "\u001b[1;31merror\u001b[0m: gw.yaml:1:1: error",
  );
  expect(paintSeverity(line, "error", { isColored: false })).toBe(line);
  expect([dim("a", { isColored: true }), dim("a", { isColored: false })]).toEqual([
    "\u001b[2ma\u001b[0m",
    "a",
  ]);
});
