import { join } from "node:path";
import { root } from "../support/program.ts";

const limitMs = 60_000;

/** The interpreter that has the SDKs; without one the tests are skipped, and the reason is printed. */
export function findPython(): string | undefined {
  const setup = Bun.spawnSync([join(root, "scripts/python-sdk")]);
  if (setup.success) return setup.stdout.toString().trim();
  console.log(`skipped: the tests with Python's SDKs, for ${setup.stderr.toString().trim()}`);
  return undefined;
}

/** Runs a script of this folder, and resolves with the JSON that it prints. */
export async function runPython(
  python: string,
  script: string,
  args: readonly string[],
): Promise<Record<string, string>> {
  const child = Bun.spawn([python, "-W", "ignore", join(import.meta.dir, script), ...args], {
    env: { ...process.env, NO_PROXY: "127.0.0.1", PYTHONDONTWRITEBYTECODE: "1" },
    stderr: "inherit",
    timeout: limitMs,
  });
  return (await new Response(child.stdout).json()) as Record<string, string>;
}
