import { expect, test } from "bun:test";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** The launcher of the pinned Deno is a Node script; Bun runs it, so that no Node is needed. */
async function deno(...args: string[]): Promise<{ code: number; output: string }> {
  const command = [process.execPath, join(root, "node_modules/deno/bin.cjs"), ...args];
  const child = Bun.spawn(command, {
    cwd: root,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, output: stdout + stderr };
}

test("Deno keeps every promise of the runtime, or says what it cannot", async () => {
  const { code, output } = await deno("run", "-A", "--node-modules-dir=manual", "tests/deno-runtime.ts");
  expect(output).not.toContain("failed ");
  expect(output).toContain("ok serves on a free port");
  expect(code).toBe(0);
}, 30_000);
