import assert from "node:assert/strict";
import process from "node:process";
import { createDenoRuntime } from "../src/runtime/deno.ts";
import { runtimeCases } from "../src/runtime/testing.ts";

/** Run by Deno itself (`tests/deno.test.ts`): a line a case, exit code 1 if one fails. */
const runtime = createDenoRuntime();
let failures = 0;
for (const { name, unsupported, check } of runtimeCases) {
  try {
    await (unsupported === undefined
      ? check(runtime)
      : assert.rejects(check(runtime), new RegExp(unsupported.deno)));
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    failures++;
    process.stdout.write(`failed ${name}: ${String(error)}\n`);
  }
}
process.exit(failures === 0 ? 0 : 1);
