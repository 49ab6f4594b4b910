import { expect, test } from "bun:test";
import { readVersion } from "./product-version.ts";

test.each([
  { describe: "v1.2.0-0-gabcdef1", want: "v1.2.0" },
  { describe: "v1.2.0-3-gabcdef1", want: "abcdef1 (v1.2.0, +3)" },
  { describe: "v1.2.0-rc-1-10-gabcdef1", want: "abcdef1 (v1.2.0-rc-1, +10)" },
  { describe: "v1.2.0", want: "dev" },
  { describe: "v1.2.0-0-gabcdef1-dirty", want: "dev" },
  { describe: "", want: "dev" },
])("readVersion reads $describe as $want", ({ describe, want }) => {
  expect(readVersion(describe)).toBe(want);
});
