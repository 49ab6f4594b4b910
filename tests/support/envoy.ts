/** The Envoy that tests use: `ENVOY_PATH`, or what `scripts/setup --envoy` has brought. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./program.ts";

const brought = join(root, ".tools/envoy/envoy/_bin/envoy");

export const envoyPath: string | undefined =
  process.env["ENVOY_PATH"] || (existsSync(brought) ? brought : undefined);

if (envoyPath === undefined) console.log(`Tests with a real Envoy are skipped: ${whyNot()}`);

function whyNot(): string {
  try {
    return readFileSync(join(root, ".tools/envoy.missing"), "utf8").trim();
  } catch {
    return "there is none; scripts/setup --envoy brings one, ENVOY_PATH names one";
  }
}
