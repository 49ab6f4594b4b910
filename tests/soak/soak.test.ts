/** The short form of `scripts/soak.ts`. */
import { describe, expect, test } from "bun:test";
import { envoyPath } from "../support/envoy.ts";
import { soak } from "./soak.ts";

describe.each(["embedded", "envoy"] as const)("%s", (engine) => {
  test.skipIf(engine === "envoy" && envoyPath === undefined)(
    "loses no request and cuts no stream while its file is edited, well and badly",
    async () => {
      const result = await soak({ engine, seconds: 6, connections: 10, editEveryMs: 400, program: "source" });
      expect(result.failures).toEqual([]);
      expect(result.requests).toBeGreaterThan(100);
      expect(result.streams).toBeGreaterThan(5);
      expect(result.reloads).toBeGreaterThan(2);
      expect(result.refusals).toBeGreaterThan(1);
    },
    60_000,
  );
});
