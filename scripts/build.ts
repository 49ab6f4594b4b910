/** Compiles `dist/aigw` for this machine, or with `--all` a binary for each platform and `dist/SHA256SUMS`. */
import { createHash } from "node:crypto";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { signAdHoc } from "./sign-darwin.ts";

const platforms = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
] as const;
type Platform = (typeof platforms)[number];

const root = join(import.meta.dir, "..");
const dist = join(root, "dist");

/** `<tag>-<commits>-g<sha>`, or nothing outside a clone or before the first tag; the program then calls itself `dev`. */
function describe(): string {
  const git = Bun.spawnSync(["git", "describe", "--tags", "--long"], { cwd: root, stderr: "ignore" });
  return git.success ? git.stdout.toString().trim() : "";
}

/** Builds beside the old file and renames, so that a running or half-built binary is never seen under the name. */
async function compile(name: string, platform?: Platform): Promise<string> {
  const outfile = join(dist, `.${name}.${process.pid}`);
  const result = await Bun.build({
    entrypoints: [join(root, "src/main.ts")],
    minify: true,
    bytecode: true,
    format: "esm",
    define: { AIGW_VERSION: JSON.stringify(describe()) },
    compile: {
      outfile,
      // What lies in the directory where a user starts aigw is no configuration of ours.
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(platform === undefined ? {} : { target: `bun-${platform}` as const }),
    },
  });
  for (const message of result.logs) console.error(message);
  if (!result.success) throw new Error(`cannot compile ${name}`);
  if (platform?.startsWith("darwin"))
    await Bun.write(outfile, signAdHoc(await Bun.file(outfile).bytes(), "aigw"));
  await rename(outfile, join(dist, name));
  return join(dist, name);
}

async function report(path: string): Promise<void> {
  console.log(`${path.slice(root.length + 1)}  ${((await stat(path)).size / 1e6).toFixed(1)} MB`);
}

async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await Bun.file(path).bytes())
    .digest("hex");
}

async function buildAll(): Promise<void> {
  const sums: string[] = [];
  for (const platform of platforms) {
    const name = `aigw-${platform}`;
    const path = await compile(name, platform);
    sums.push(`${await sha256(path)}  ${name}\n`);
    await report(path);
  }
  await Bun.write(join(dist, "SHA256SUMS"), sums.join(""));
}

const { values: options } = parseArgs({ options: { all: { type: "boolean", default: false } } });
await mkdir(dist, { recursive: true });
try {
  if (options.all) await buildAll();
  else await report(await compile("aigw"));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const left of new Bun.Glob(`.aigw*.${process.pid}`).scanSync({ cwd: dist, dot: true }))
    await rm(join(dist, left));
}
