/**
 * Makes everything of a release in `dist/release/VERSION`: an archive for each platform, checksums, an SBOM, the Homebrew
 * formula, the installer and the notes.
 *
 *   ./scripts/release VERSION [--platform linux-x64 …]
 *
 * The same commit and version give the same bytes. What Bun needs for other platforms it fetches once and keeps.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeBashCompletion } from "../src/cli/completion/bash.ts";
import { writeFishCompletion } from "../src/cli/completion/fish.ts";
import { writeZshCompletion } from "../src/cli/completion/zsh.ts";
import { commands } from "../src/cli/grammar/table.ts";
import { compile, type Platform, platforms, root } from "./compile.ts";
import { type ArchiveFile, writeArchive } from "./releasing/archive.ts";
import { sha256 } from "./releasing/checksums.ts";
import { archiveName, writeFormula } from "./releasing/formula.ts";
import { writeLicenses } from "./releasing/licenses.ts";
import { writeManPage } from "./releasing/man-page.ts";
import { releaseNotes } from "./releasing/notes.ts";
import { bundledPackages } from "./releasing/packages.ts";
import { writeSbom } from "./releasing/sbom.ts";

const semver = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

interface Commit {
  readonly id: string;
  readonly createdAt: Date;
}

function readCommit(): Commit {
  const git = Bun.spawnSync(["git", "log", "-1", "--format=%h %ct"], { cwd: root, stderr: "pipe" });
  const [id = "", seconds = ""] = git.stdout.toString().trim().split(" ");
  if (!git.success) throw new Error(`a release is made from a clone: ${git.stderr.toString().trim()}`);
  return { id, createdAt: new Date(Number(seconds) * 1000) };
}

async function release(version: string, chosen: readonly Platform[]): Promise<void> {
  const commit = readCommit();
  const packages = bundledPackages();
  const licenses = writeLicenses(packages);
  const out = join(root, "dist/release", version);
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const files = new Map<string, string>();
  const put = async (name: string, content: Uint8Array | string) => {
    await Bun.write(join(out, name), content);
    files.set(name, await sha256(join(out, name)));
    console.log(`${name}  ${(Bun.file(join(out, name)).size / 1e6).toFixed(1)} MB`);
  };

  const common = await commonFiles(version, commit, licenses);
  const sums = new Map<Platform, string>();
  for (const platform of chosen) {
    const outfile = join(out, "aigw");
    await compile({ outfile, platform, version: `${version}-0-g${commit.id}`, licenses });
    const folder = archiveName(version, platform);
    const program: ArchiveFile = {
      path: "aigw",
      content: await Bun.file(outfile).bytes(),
      isExecutable: true,
    };
    await rm(outfile);
    const inFolder = [program, ...common].map((file) => ({ ...file, path: `${folder}/${file.path}` }));
    await put(`${folder}.tar.gz`, writeArchive(inFolder, commit.createdAt));
    sums.set(platform, files.get(`${folder}.tar.gz`) ?? "");
  }
  await put(`aigw-${version}.cdx.json`, writeSbom(packages, { version, createdAt: commit.createdAt }));
  await put("install.sh", await readFile(join(root, "scripts/install.sh")));
  await Bun.write(join(out, "SHA256SUMS"), [...files].map(([name, sum]) => `${sum}  ${name}\n`).join(""));

  const homepage = await readHomepage();
  const downloads = `${homepage}/releases/download/v${version}`;
  if (chosen.length === platforms.length) {
    await Bun.write(join(out, "aigw.rb"), writeFormula({ version, homepage, downloads, sums }));
  }
  await Bun.write(join(out, "NOTES.md"), releaseNotes(await readText("CHANGELOG.md"), version));
}

async function commonFiles(version: string, { createdAt }: Commit, licenses: string): Promise<ArchiveFile[]> {
  return [
    { path: "LICENSE", content: await readText("LICENSE") },
    { path: "THIRD-PARTY-LICENSES", content: licenses },
    { path: "README.md", content: await readText("README.md") },
    { path: "CHANGELOG.md", content: await readText("CHANGELOG.md") },
    { path: "aigw.1", content: writeManPage(version, createdAt) },
    { path: "completions/aigw.bash", content: writeBashCompletion(commands) },
    { path: "completions/_aigw", content: writeZshCompletion(commands) },
    { path: "completions/aigw.fish", content: writeFishCompletion(commands) },
  ];
}

function readText(name: string): Promise<string> {
  return readFile(join(root, name), "utf8");
}

async function readHomepage(): Promise<string> {
  const { repository } = JSON.parse(await readText("package.json")) as { repository: { url: string } };
  return repository.url;
}

function isPlatform(name: string): name is Platform {
  return platforms.some((platform) => platform === name);
}

const { values, positionals } = parseArgs({
  options: { platform: { type: "string", multiple: true } },
  allowPositionals: true,
});
const [version = ""] = positionals;
const chosen = values.platform ?? platforms;
try {
  if (!semver.test(version)) throw new Error("usage: scripts/release VERSION, such as 0.1.0 or 0.1.0-rc.1");
  const strange = chosen.filter((name) => !isPlatform(name));
  if (strange.length > 0)
    throw new Error(`no such platform: ${strange.join(", ")}; there are ${platforms.join(", ")}`);
  await release(version, chosen.filter(isPlatform));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
