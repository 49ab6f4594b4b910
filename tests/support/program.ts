/** The ways in which aigw runs: from source, compiled, and on Deno. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dir, "../..");

export type Program = "source" | "binary" | "deno";
/** Those that users are promised. */
export const programs: readonly Program[] = ["source", "binary"];

/** The words before aigw's own arguments. */
export function commandOf(program: Program): string[] {
  if (program === "source") return [join(root, "scripts/aigw")];
  if (program === "binary") return [binaryPath()];
  const config = ["--config", join(root, "deno.json"), "--node-modules-dir=manual"];
  return [denoPath(), "run", "-A", ...config, join(root, "src/main.ts")];
}

/** Deno's npm package is a launcher for one binary; called directly, it needs no install script. */
export function denoPath(): string {
  for (const path of new Bun.Glob("node_modules/@deno/*/deno").scanSync({ cwd: root }))
    return join(root, path);
  throw new Error("Deno is not installed: run scripts/setup");
}

/** Compiles first if `dist/aigw` is missing or older than its source. */
export function binaryPath(): string {
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
