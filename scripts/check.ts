/**
 * Runs every check that CI runs, all of them even when one fails, and closes with `N passed, N failed`.
 * With arguments, only the tests in those files or folders.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Check {
  readonly name: string;
  /** A script of package.json, or a file. */
  readonly script: string;
  readonly limitMs: number;
}

const root = join(import.meta.dir, "..");
const minute = 60_000;

/** Each counts as one item. */
const tools: readonly Check[] = [
  { name: "types", script: "check:types", limitMs: 2 * minute },
  { name: "format and lint", script: "check:style", limitMs: minute },
  { name: "lost promises", script: "check:promises", limitMs: 2 * minute },
  { name: "dead code", script: "check:dead", limitMs: minute },
  { name: "one binary", script: "scripts/build.ts", limitMs: 2 * minute },
];

/** Prints a tool's output only when it fails. */
async function runTool({ name, script, limitMs }: Check): Promise<boolean> {
  const startedAt = performance.now();
  // The tools' launchers ask for `node`, which a bare machine has not; `--bun` stands in for it.
  const child = Bun.spawn([process.execPath, "run", "--bun", script], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1" },
    stdout: "pipe",
    stderr: "pipe",
    timeout: limitMs,
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (code !== 0) console.log(`${out}${err}`.trimEnd() || `exit code ${code}`);
  return code === 0;
}

/** Counts come from the JUnit report; a run that ends badly without a failed test in it counts as one failure. */
async function runTests(paths: readonly string[]): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), "aigw-check-"));
  const report = join(folder, "junit.xml");
  try {
    // A machine that is busy with something else is slow, not wrong.
    const flags = ["--timeout=30000", "--reporter=junit", `--reporter-outfile=${report}`];
    const command = [process.execPath, "test", ...flags, ...paths];
    const child = Bun.spawn(command, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      timeout: 12 * minute,
    });
    const code = await child.exited;
    const file = Bun.file(report);
    const counts = readReport((await file.exists()) ? await file.text() : "");
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function readReport(xml: string): Counts {
  const root = /<testsuites[^>]*>/.exec(xml)?.[0] ?? "";
  const number = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(root)?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  const skipped = number("skipped");
  return { passed: number("tests") - failed - skipped, failed, skipped };
}

const paths = process.argv.slice(2);
const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
if (paths.length === 0) {
  for (const tool of tools) {
    if (await runTool(tool)) counts.passed++;
    else counts.failed++;
  }
}
const tested = await runTests(paths);
for (const key of ["passed", "failed", "skipped"] as const) counts[key] += tested[key];
if (counts.skipped > 0) console.log(`${counts.skipped} skipped, with the reason where they are`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
