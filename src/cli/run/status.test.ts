import { expect, test } from "bun:test";
import { formatDuration, listeningLine, servingLine } from "./status.ts";

test.each([
  [0, "0s"],
  [49.9, "0s"],
  [50, "100ms"],
  [900, "900ms"],
  [949, "900ms"],
  [950, "1s"],
  [2_849, "2.8s"],
  [2_850, "2.9s"],
  [3_000, "3s"],
  [59_949, "59.9s"],
  [59_950, "1m0s"],
  [65_300, "1m5.3s"],
  [3_600_000, "1h0m0s"],
  [3_725_500, "1h2m5.5s"],
])("formatDuration writes %d ms as %s", (elapsedMs, want) => {
  expect(formatDuration(elapsedMs)).toBe(want);
});

test("listeningLine is the line that tools parse", () => {
  expect(listeningLine(1975, 1064, 2_840)).toBe(
    "Envoy AI Gateway listening on http://localhost:1975 (admin http://localhost:1064) after 2.8s",
  );
});

const named = (id: string) => ({ id, ownedBy: "o", createdAtMs: 0, at: 0 });
const listed = (...ids: string[]) => ({ all: ids.map(named), byHost: {}, unscoped: [] });

test.each([
  ["a file's models", { models: listed("b", "a", "b"), aiBackends: {} }, "engine embedded; models b, a"],
  [
    "many models",
    { models: listed(..."abcdefgh"), aiBackends: {} },
    "engine embedded; models a, b, c, d, e, f and 2 more",
  ],
  ["a provider without names", { models: listed(), aiBackends: { k: {} } }, "engine embedded; any model"],
  ["nothing", { models: listed(), aiBackends: {} }, "engine embedded"],
])("servingLine tells of %s", (_, model, want) => {
  expect(servingLine("embedded", { mcpRoutes: {}, ...model } as never)).toBe(want);
});
