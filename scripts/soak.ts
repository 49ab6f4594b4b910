/**
 * Edits a gateway's file all the time while clients stream and call, and watches that none of them notices.
 *
 *   bun scripts/soak.ts [--engine embedded|envoy] [--seconds 60] [--connections 50] [--edit-every-ms 1000]
 *
 * Exits with 1 if a request failed, a stream was cut, or memory grew.
 */
import { parseArgs } from "node:util";
import { soak } from "../tests/soak/soak.ts";

const { values: options } = parseArgs({
  options: {
    engine: { type: "string", default: "embedded" },
    seconds: { type: "string", default: "60" },
    connections: { type: "string", default: "50" },
    "edit-every-ms": { type: "string", default: "1000" },
  },
});
/** The end may be so much above the time when all had been used once. */
const allowedGrowth = 1.25;

const result = await soak({
  engine: options.engine === "envoy" ? "envoy" : "embedded",
  seconds: Number(options.seconds),
  connections: Number(options.connections),
  editEveryMs: Number(options["edit-every-ms"]),
  program: "binary",
  report: (line) => console.log(line),
});
const { failures, memoryMb, ...counts } = result;
const third = Math.floor(memoryMb.length / 3);
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
const [settled, last] = [median(memoryMb.slice(third, third * 2)), median(memoryMb.slice(-third))];
console.log(JSON.stringify(counts));
console.log(`memory: ${settled.toFixed(0)} MB in the middle third, ${last.toFixed(0)} MB in the last`);
for (const failure of failures.slice(0, 10)) console.log(`failed: ${failure}`);
console.log(`${failures.length} failed`);
process.exitCode = failures.length > 0 || last > settled * allowedGrowth ? 1 : 0;
