/**
 * Damages what clients and providers send, at random, and watches what becomes of it.
 *
 *   bun scripts/fuzz.ts [--runs 100000] [--seed 0] [--only TEXT]
 *
 * `--runs` is for each target; `--only` takes those whose name has the text. A seed repeats its damage: what it finds is
 * repeated with `--seed SEED --runs 1`. Exits with 1 if something is wrong.
 */
import { parseArgs } from "node:util";
import { problemWith, targets } from "../tests/fuzz/targets.ts";

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "100000" },
    seed: { type: "string", default: "0" },
    only: { type: "string", default: "" },
  },
});
const runs = Number(options.runs);
const firstSeed = Number(options.seed);
/** More of one kind tell nothing new. */
const maxProblems = 5;

let total = 0;
let failures = 0;
for (const target of targets.filter(({ name }) => name.includes(options.only))) {
  const problems: string[] = [];
  const startedAt = performance.now();
  let seed = firstSeed;
  for (; seed < firstSeed + runs && problems.length < maxProblems; seed++) {
    const problem = problemWith(target, seed);
    if (problem !== undefined) problems.push(`  seed ${seed}: ${problem}`);
  }
  const done = seed - firstSeed;
  const microseconds = ((performance.now() - startedAt) * 1000) / done;
  const memoryMb = Math.round(process.memoryUsage.rss() / 1e6);
  console.log(`${target.name}: ${done} runs, ${microseconds.toFixed(0)} us each, ${memoryMb} MB`);
  for (const problem of problems) console.log(problem);
  total += done;
  failures += problems.length;
}
console.log(`${total - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
