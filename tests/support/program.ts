/** The two ways in which users run aigw: from source, and compiled. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dir, "../..");

export type Program = "source" | "binary";
export const programs: readonly Program[] = ["source", "binary"];

/** Compiles first if `dist/aigw` is missing or older than its source. */
export function commandOf(program: Program): string {
  if (program === "source") return join(root, "scripts/aigw");
  const binary = join(root, "dist/aigw");
  if (!existsSync(binary) || statSync(binary).mtimeMs < newestSourceMs()) {
    const build = Bun.spawnSync([process.execPath, join(root, "scripts/build.ts")], { cwd: root });
    if (!build.success) throw new Error(`cannot build dist/aigw:\n${build.stderr.toString()}`);
  }
  return binary;
}

function newestSourceMs(): number {
  const files = [
    "package.json",
    "bun.lock",
    "scripts/build.ts",
    ...new Bun.Glob("src/**").scanSync({ cwd: root }),
  ];
  return Math.max(
    ...files.filter((file) => !file.endsWith(".test.ts")).map((file) => statSync(join(root, file)).mtimeMs),
  );
}
