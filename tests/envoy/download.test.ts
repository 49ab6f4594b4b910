/** `aigw download-envoy` as its user sees it. */
import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyTarXz, fakeEnvoy, Mirror } from "../../src/engines/envoy/obtain/testing.ts";
import { root } from "../support/program.ts";

const homes: string[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "aigw-download-"));
  homes.push(home);
  return home;
}

async function download(home: string, env: Record<string, string>) {
  const child = Bun.spawn([process.execPath, join(root, "src/main.ts"), "download-envoy"], {
    cwd: home,
    env: { PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: home, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, stdout, stderr };
}

test("download-envoy says what it gets, shows that it runs, and does nothing the second time", async () => {
  using mirror = new Mirror({ "1.38.1": envoyTarXz() }, "tar.xz");
  const home = newHome();
  const env = { ENVOY_VERSIONS_URL: mirror.listUrl };
  const version = "envoy  version: 0/1.38.1/Clean/RELEASE/BoringSSL\n";
  const binary = join(home, ".local/share/aigw/envoy-versions/1.38.1/bin/envoy");
  expect(await download(home, env)).toEqual({
    code: 0,
    stdout: `downloading ${mirror.url}/archives/envoy-v1.38.1-test.tar.xz\nEnvoy 1.38.1 is in ${binary}\n${version}`,
    stderr: "",
  });
  const asked = mirror.asked.length;
  expect(await download(home, env)).toEqual({
    code: 0,
    stdout: `1.38.1 is already downloaded\n${version}`,
    stderr: "",
  });
  expect(mirror.asked).toHaveLength(asked);
  // `.bun` is what Bun keeps when it runs from source.
  expect(readdirSync(home).filter((name) => name !== ".bun")).toEqual([".local"]);
  expect(readdirSync(join(home, ".local/share"))).toEqual(["aigw"]);
});

test("download-envoy gets the version that the file in the configuration directory names", async () => {
  using mirror = new Mirror({ "1.38.1": envoyTarXz(), "1.37.2": Buffer.from(fakeEnvoy("1.37.2")) }, "bin");
  const home = newHome();
  mkdirSync(join(home, ".config/aigw"), { recursive: true });
  writeFileSync(join(home, ".config/aigw/envoy-version"), "1.37\n");
  const { stdout } = await download(home, { ENVOY_VERSIONS_URL: mirror.listUrl });
  expect(stdout).toContain("envoy  version: 0/1.37.2/");
});

test("download-envoy shows a given executable, and says when it is none for this machine", async () => {
  const home = newHome();
  const path = join(home, "envoy");
  writeFileSync(path, fakeEnvoy("9.9.9"), { mode: 0o755 });
  expect(await download(home, { ENVOY_PATH: path })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${path} is used as it is\nenvoy  version: 0/9.9.9/`),
  });
  writeFileSync(path, "#!/no/such/interpreter\n", { mode: 0o755 });
  const { code, stderr } = await download(home, { ENVOY_PATH: path });
  expect(code).toBe(1);
  expect(stderr).toMatch(/Download Envoy failed: .*envoy cannot be run: /);
});
