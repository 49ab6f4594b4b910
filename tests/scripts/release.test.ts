/** A release for this machine's kind of Linux, and everybody's way to it: installer, formula, bare root filesystem. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { platforms } from "../../scripts/compile.ts";
import { writeArchive } from "../../scripts/releasing/archive.ts";
import { archiveName, writeFormula } from "../../scripts/releasing/formula.ts";
import { writeManPage } from "../../scripts/releasing/man-page.ts";
import { releaseNotes } from "../../scripts/releasing/notes.ts";
import { gatewayYaml } from "../support/config.ts";
import { freePort } from "../support/ports.ts";

const version = "9.9.9-test.1";
const root = join(import.meta.dir, "../..");
const arch = process.arch === "arm64" ? "arm64" : "x64";
const platform = `linux-${arch}` as const;
const name = archiveName(version, platform);
const limitMs = 180_000;
const has = (command: string) => Bun.which(command) !== null;

let folder: string;
/** What was released. */
let release: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aigw-release-"));
  release = join(root, "dist/release", version);
  run([process.execPath, join(root, "scripts/release.ts"), version, "--platform", platform]);
}, limitMs);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(release, { recursive: true, force: true });
});

/** Runs a command that must succeed; its output. */
function run(
  command: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], {
    cwd: options.cwd ?? folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...options.env },
  });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}: ${stdout}${stderr}`);
  return stdout.toString();
}

function unpacked(): string {
  const place = join(folder, name);
  if (!existsSync(place)) run(["tar", "-xzf", join(release, `${name}.tar.gz`), "-C", folder]);
  return place;
}

describe("the archive", () => {
  test("has the program, its papers, manual and completions, and nothing else", () => {
    const files = run(["tar", "-tzf", join(release, `${name}.tar.gz`)])
      .trim()
      .split("\n");
    const wanted = ["aigw", "LICENSE", "THIRD-PARTY-LICENSES", "README.md", "CHANGELOG.md", "aigw.1"];
    const completions = ["aigw.bash", "_aigw", "aigw.fish"].map((file) => `completions/${file}`);
    expect(files).toEqual([...wanted, ...completions].map((file) => `${name}/${file}`));
  });

  test("has a program that knows its version and the licences of what is in it", () => {
    const program = join(unpacked(), "aigw");
    expect(run([program, "version"])).toBe(`Envoy AI Gateway CLI: ${version}\n`);
    const licenses = run([program, "version", "--licenses"]);
    expect(licenses).toContain("\nzod@");
    expect(licenses).toBe(readFileSync(join(unpacked(), "THIRD-PARTY-LICENSES"), "utf8"));
  });

  test("is as small as promised", () => {
    expect(Bun.file(join(release, `${name}.tar.gz`)).size).toBeLessThan(60 * 1024 * 1024);
  });

  test("has a checksum, as everything else that is downloaded", () => {
    expect(run(["sha256sum", "-c", "SHA256SUMS"], { cwd: release }).trim().split("\n")).toHaveLength(3);
  });

  test("is the same for the same files, and tar reads its modes and times", () => {
    const files = [{ path: "a/b", content: "x".repeat(513), isExecutable: true }];
    const [one, other] = [1, 2].map(() => writeArchive(files, new Date("2026-11-24T10:00:00Z")));
    expect(one).toEqual(other as Uint8Array);
    writeFileSync(join(folder, "small.tar.gz"), one as Uint8Array);
    const listing = run(["tar", "--utc", "-tvzf", "small.tar.gz"]);
    expect(listing).toMatch(/^-rwxr-xr-x root\/root +513 2026-11-24 10:00 a\/b\n$/);
  });
});

test("the SBOM lists what is in the program once, with checksums, and what needs what", () => {
  const bom = JSON.parse(readFileSync(join(release, `aigw-${version}.cdx.json`), "utf8"));
  expect([bom.bomFormat, bom.specVersion, bom.metadata.component.version]).toEqual([
    "CycloneDX",
    "1.6",
    version,
  ]);
  expect(bom.serialNumber).toMatch(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const refs: string[] = bom.components.map((component: { "bom-ref": string }) => component["bom-ref"]);
  expect(new Set(refs).size).toBe(refs.length);
  const dependencies = Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies);
  for (const dependency of dependencies) {
    expect(refs.some((ref) => ref.startsWith(`pkg:npm/${dependency.replace("@", "%40")}@`))).toBe(true);
  }
  expect(refs.some((ref) => ref.includes("typescript"))).toBe(false);
  const known = new Set([...refs, bom.metadata.component["bom-ref"]]);
  for (const { ref, dependsOn } of bom.dependencies) {
    expect(known.has(ref) && dependsOn.every((other: string) => known.has(other))).toBe(true);
  }
  const hashes = bom.components.flatMap(({ hashes = [] }: { hashes?: { content: string }[] }) => hashes);
  expect(hashes.length).toBe(refs.length - 1);
  for (const { content } of hashes) expect(content).toMatch(/^[0-9a-f]{128}$/);
});

test("the notes are what the changelog says of the version, or of what is new", () => {
  const changelog = "# Changelog\n\n## Unreleased\n\nnew\n\n## 1.0.0 (2026-11-01)\n\nfirst\n";
  expect([releaseNotes(changelog, "1.0.0"), releaseNotes(changelog, "1.1.0")]).toEqual(["first\n", "new\n"]);
  expect(() => releaseNotes("# Changelog\n", "1.0.0")).toThrow("CHANGELOG.md has nothing about 1.0.0");
});

test.skipIf(!has("groff"))("the manual page has no mistake that groff would tell of", () => {
  writeFileSync(join(folder, "aigw.1"), writeManPage(version, new Date("2026-11-24")));
  const { stderr } = Bun.spawnSync(["groff", "-man", "-Tutf8", "-ww", "-z", join(folder, "aigw.1")]);
  expect(stderr.toString()).toBe("");
});

describe("the installer", () => {
  let server: Bun.Server<undefined>;
  /** What the server does to the archive. */
  let tamper: (archive: Uint8Array) => Uint8Array;
  beforeAll(() => {
    server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { pathname } = new URL(request.url);
        const [, from, file = ""] = /^\/(latest\/download|download\/v[^/]+)\/([\w.-]+)$/.exec(pathname) ?? [];
        const content = Bun.file(join(release, file));
        const isThere = from === "latest/download" || from === `download/v${version}`;
        if (!isThere || !(await content.exists())) return new Response("no", { status: 404 });
        const bytes = await content.bytes();
        return new Response(file.endsWith(".tar.gz") ? (tamper(bytes) as Uint8Array<ArrayBuffer>) : bytes);
      },
    });
  });
  afterAll(() => server.stop(true));

  async function install(shell: readonly string[], env: Record<string, string> = {}) {
    const home = mkdtempSync(join(folder, "home-"));
    const child = Bun.spawn([...shell, join(release, "install.sh")], {
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: home,
        AIGW_RELEASES: `http://127.0.0.1:${server.port}`,
        no_proxy: "127.0.0.1",
        ...env,
      },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [code, said] = await Promise.all([child.exited, new Response(child.stderr).text()]);
    return { code, said, home };
  }

  const untouched = (archive: Uint8Array) => archive;
  const shells = [["dash"], ["busybox", "sh"], ["bash", "--posix"]].filter(([shell = ""]) => has(shell));

  test.each(shells.map((shell) => ({ shell })))(
    "puts the program under the home, says how to undo that, and that undoes it ($shell)",
    async ({ shell }) => {
      tamper = untouched;
      const { code, said, home } = await install(shell);
      expect([code, said.match(/installed (\S+) as (\S+)/)?.slice(1)]).toEqual([
        0,
        [version, `${home}/.local/bin/aigw`],
      ]);
      expect(said).toContain(`${home}/.local/bin is not on your PATH`);
      expect(run([`${home}/.local/bin/aigw`, "version"])).toContain(version);
      expect(existsSync(`${home}/.local/share/man/man1/aigw.1`)).toBe(true);
      const [, undo = ""] = /to undo this: (.*)\n/.exec(said) ?? [];
      run(["sh", "-c", undo]);
      expect(filesBelow(home)).toEqual([]);
    },
    limitMs,
  );

  test("takes the version and the directory that it is told", async () => {
    tamper = untouched;
    const place = join(folder, "elsewhere");
    const { code } = await install(["sh"], { AIGW_VERSION: `v${version}`, AIGW_INSTALL: place });
    expect([code, existsSync(join(place, "bin/aigw"))]).toEqual([0, true]);
  });

  test.each([
    [
      "a truncated archive",
      (archive: Uint8Array) => archive.subarray(0, archive.length / 2),
      {},
      "is not what the release says",
    ],
    ["a changed archive", (archive: Uint8Array) => flipped(archive), {}, "is not what the release says"],
    ["a version that is not there", untouched, { AIGW_VERSION: "1.2.3" }, "cannot get"],
    ["a server that is not there", untouched, { AIGW_RELEASES: "http://127.0.0.1:1" }, "cannot get"],
  ])("installs nothing of %s, and says why", async (_, change, env, why) => {
    tamper = change;
    const { code, said, home } = await install(["sh"], env);
    expect([code, filesBelow(home)]).toEqual([1, []]);
    expect(said).toContain(why);
  });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed[1000] = (changed[1000] ?? 0) ^ 1;
  return changed;
}

function filesBelow(place: string): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name);
}

describe.skipIf(!has("ruby"))("the formula", () => {
  test("is Ruby, and installs and tests what was released", () => {
    const sum = createHash("sha256")
      .update(readFileSync(join(release, `${name}.tar.gz`)))
      .digest("hex");
    const sums = new Map(platforms.map((one) => [one, sum]));
    const formula = join(folder, "aigw.rb");
    const downloads = `https://example.com/releases/download/v${version}`;
    writeFileSync(formula, writeFormula({ version, homepage: "https://example.com", downloads, sums }));
    expect(run(["ruby", "-wc", formula])).toBe("Syntax OK\n");
    const prefix = join(folder, "brew");
    expect(run(["ruby", join(import.meta.dir, "formula.rb"), formula, release, prefix])).toBe("installed\n");
    expect(filesBelow(prefix).sort()).toEqual(["_aigw", "aigw", "aigw", "aigw.1", "aigw.fish"]);
  });
});

/** Whether this process may give another one a root filesystem of its own, as a container's runtime does. */
const canIsolate = Bun.spawnSync(["sh", "-c", "unshare --mount true"]).exitCode === 0;

describe.skipIf(!canIsolate)("in a root filesystem that has only the C library, /proc and /tmp", () => {
  test("the program runs and answers", async () => {
    const bare = join(folder, "bare");
    const program = join(unpacked(), "aigw");
    for (const place of ["tmp", "proc"]) mkdirSync(join(bare, place), { recursive: true });
    for (const library of run(["ldd", program]).match(/\/\S+\.so\S*/g) ?? []) {
      mkdirSync(join(bare, dirname(library)), { recursive: true });
      cpSync(library, join(bare, library), { dereference: true });
    }
    cpSync(program, join(bare, "aigw"));
    using upstream = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => Response.json({ object: "chat.completion", choices: [], usage: {} }),
    });
    const backends = [{ name: "m", url: upstream.url.origin }];

    writeFileSync(join(bare, "config.yaml"), gatewayYaml({ port: freePort(), backends }));
    const isolate = ["unshare", "--mount", `--root=${bare}`, "--mount-proc=/proc"];
    const command = [...isolate, "/aigw", "run", "/config.yaml", "--engine=embedded", "--admin-port=0"];
    const env = { PATH: process.env["PATH"] ?? "", HOME: "/tmp" };
    const child = Bun.spawn(command, { env, stderr: "pipe", stdout: "ignore" });
    let said = "";
    const reader = child.stderr.getReader();
    while (!said.includes("listening on")) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`it ended: ${said}`);
      said += new TextDecoder().decode(value);
    }
    const [, url = ""] = /listening on (http:\S+)/.exec(said) ?? [];
    const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }] });
    const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", body });
    child.kill();
    expect([answer.status, (await answer.json()).object, await child.exited]).toEqual([
      200,
      "chat.completion",
      0,
    ]);
  });
});
