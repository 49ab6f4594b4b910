/** Compiles `dist/aigw` for this machine, or with `--all` a binary for each platform and `dist/SHA256SUMS`. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile, describeCommit, type Platform, platforms, root } from "./compile.ts";
import { sha256 } from "./releasing/checksums.ts";
import { writeLicenses } from "./releasing/licenses.ts";
import { bundledPackages } from "./releasing/packages.ts";

const dist = join(root, "dist");

async function build(name: string, licenses: string, platform?: Platform): Promise<string> {
  const outfile = join(dist, name);
  await compile({ outfile, version: describeCommit(), licenses, ...(platform && { platform }) });
  console.log(`dist/${name}  ${((await stat(outfile)).size / 1e6).toFixed(1)} MB`);
  return outfile;
}

async function buildAll(licenses: string): Promise<void> {
  let sums = "";
  for (const platform of platforms) {
    const name = `aigw-${platform}`;
    sums += `${await sha256(await build(name, licenses, platform))}  ${name}\n`;
  }
  await Bun.write(join(dist, "SHA256SUMS"), sums);
}

const { values: options } = parseArgs({ options: { all: { type: "boolean", default: false } } });
try {
  const licenses = writeLicenses(bundledPackages());
  if (options.all) await buildAll(licenses);
  else await build("aigw", licenses);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
