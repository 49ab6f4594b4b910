/**
 * Every golden vector, played against a running gateway of each engine; `vectors/README.md` says what they are.
 *
 * - `vectors/deviations.json`: vectors that we answer otherwise on purpose, each with a reason that can be checked.
 * - Vectors with `refBug` show a defect of the reference; they may differ.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { onEachEngine } from "./support/engines.ts";
import { compare, deviations, patternFor, readVectors, reasonFor } from "./support/vectors.ts";
import { freePort, startVectorsGateway, type VectorsGateway } from "./support/vectors-gateway.ts";
import { play, ScriptedUpstream } from "./vectors/play.ts";
import type { Vector } from "./vectors/vector.ts";

const vectors = readVectors();

type Verdict = "as wanted" | "otherwise on purpose" | "better than a defect";
/** Patterns of the list that a differing vector made use of. */
const used = new Set<string | undefined>();

function judge(vector: Vector, differences: readonly string[]): Verdict | undefined {
  const { name } = vector;
  if (differences.length === 0) return "as wanted";
  used.add(patternFor(deviations, name));
  if (reasonFor(deviations, name) !== undefined) return "otherwise on purpose";
  return vector.refBug === undefined ? undefined : "better than a defect";
}

onEachEngine((engine) => {
  const upstream = new ScriptedUpstream();
  let gateway: VectorsGateway;
  const counts: { [V in Verdict]: number } = {
    "as wanted": 0,
    "otherwise on purpose": 0,
    "better than a defect": 0,
  };

  beforeAll(async () => {
    const port = await freePort();
    await upstream.listen(port);
    gateway = await startVectorsGateway(port, engine);
  }, 40_000);

  afterAll(async () => {
    upstream.close();
    await gateway?.stop();
    const words = Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`);
    console.log(`${vectors.length} vectors on ${engine}: ${words.join(", ")}`);
  });

  for (const area of new Set(vectors.map((filed) => filed.area))) {
    describe(area, () => {
      const own = vectors.filter((filed) => filed.area === area).map(({ vector }) => vector);
      test.each(own)(
        "$name",
        async (vector) => {
          const differences = compare(vector, await play(gateway.url, upstream, vector));
          const verdict = judge(vector, differences);
          if (verdict === undefined) expect(differences, vector.about).toEqual([]);
          else counts[verdict]++;
        },
        20_000,
      );
    });
  }
});

test.each(Object.keys(deviations))("the entry %s is about a vector that differs", (pattern) => {
  expect(used.has(pattern)).toBe(true);
});
