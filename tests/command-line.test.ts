import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const main = join(import.meta.dirname, "../src/main.ts");
const home = mkdtempSync(join(tmpdir(), "aigw-home-"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));

/** The program as a user starts it, in a home of its own and with no variables but those. */
function aigw(args: readonly string[], environment: { [name: string]: string } = {}) {
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, ...environment };
  const result = Bun.spawnSync([process.execPath, main, ...args], { env, cwd: home });
  return { code: result.exitCode, stdout: result.stdout.toString(), stderr: result.stderr.toString() };
}

const calls: {
  args: string[];
  environment?: { [name: string]: string };
  code: number;
  stdout?: string;
  stderr?: RegExp;
}[] = [
  {
    args: [],
    code: 80,
    stderr: /^aigw: error: expected one of "version", "run", "healthcheck", "download-envoy"\n$/,
  },
  { args: ["version"], code: 0, stdout: "Envoy AI Gateway CLI: dev\n" },
  { args: ["--state-home", "x", "version"], code: 0, stdout: "Envoy AI Gateway CLI: dev\n" },
  { args: ["versio"], code: 80, stderr: /did you mean "version"\?\n$/ },
  { args: ["run", "--frob"], code: 80, stderr: /^aigw: error: unknown flag --frob\n$/ },
  { args: ["run"], code: 80, stderr: /^aigw: error: run: you must supply at least OPENAI_API_KEY/ },
  {
    args: ["run"],
    environment: { OPENAI_API_KEY: "" },
    code: 80,
    stderr: /^aigw: error: run: you must supply/,
  },
  {
    args: ["run", "x"],
    environment: { AIGW_DEBUG: "maybe" },
    code: 80,
    stderr: /from envar AIGW_DEBUG="maybe"/,
  },
  { args: ["run", "x", "--run-id", "a/b"], code: 80, stderr: /^aigw: error: run: invalid run ID "a\/b"/ },
  { args: ["run", "--mcp-json", "{}", "--mcp-config", "x"], code: 80, stderr: /mutually exclusive\n$/ },
  {
    args: ["run", "--mcp-json", "{bad"],
    code: 80,
    stderr: /^aigw: error: run: --mcp-json:1:2: the list of MCP servers is not valid JSON: .+\n$/,
  },
  {
    args: ["run", "--mcp-config", "/nope.json"],
    code: 80,
    stderr: /\/nope.json: no such file or directory\n$/,
  },
  {
    args: ["run", "x", "--state-home", "/dev/null/x"],
    code: 80,
    stderr: /cannot create \/dev\/null\/x\/runs/,
  },
  {
    args: ["download-envoy"],
    environment: { ENVOY_VERSIONS_URL: "http://127.0.0.1:1/list.json" },
    code: 1,
    stderr: /^\d{4}\/.* Download Envoy failed: cannot get http:\/\/127.0.0.1:1\/list.json: .*ENVOY_PATH/,
  },
  {
    args: ["download-envoy"],
    environment: { ENVOY_VERSION: "latest" },
    code: 1,
    stderr: /Download Envoy failed: "latest" from ENVOY_VERSION is no Envoy version/,
  },
  {
    args: ["healthcheck"],
    environment: { AIGW_RUNTIME_DIR: "none" },
    code: 1,
    stderr: /Health check failed: no run found in \/.*\/none; /,
  },
  {
    args: ["lint", "nope.yaml"],
    code: 1,
    stderr: /^nope.yaml: cannot be read: no such file or directory\n$/,
  },
];

test.each(calls)("aigw $args exits with $code", ({ args, environment, code, stdout = "", stderr = /^$/ }) => {
  const result = aigw(args, environment);
  expect(result.stderr).toMatch(stderr);
  expect(result).toMatchObject({ code, stdout });
});

test.each([{ args: ["--help"] }, { args: ["run", "--help"] }, { args: ["version", "-h"] }])(
  "aigw $args prints help to stdout",
  ({ args }) => {
    const { code, stdout, stderr } = aigw(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toStartWith("Usage: aigw ");
  },
);

test("aigw completion prints a script", () => {
  expect(aigw(["completion", "bash"]).stdout).toContain("complete -F _aigw aigw");
});

test("none of these has made a file", () => {
  // Running from source, Bun keeps a cache of its own.
  expect(readdirSync(home).filter((name) => name !== ".bun")).toEqual([]);
});

/** Follows the imports that are loaded at start; those of types vanish, and `import()` waits until it is called. */
function loadedAtStart(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, "utf8");
  for (const [, type, path = ""] of source.matchAll(
    /^(?:import|export) (type )?(?:[^;"]*? from )?"([^"]+)";/gms,
  )) {
    if (type !== undefined) continue;
    if (path.startsWith(".")) loadedAtStart(resolve(dirname(file), path), seen);
    else seen.add(path);
  }
  return seen;
}

test("nothing big is loaded before a command is known", () => {
  const loaded = [...loadedAtStart(main)];
  expect(loaded.length).toBeGreaterThan(10);
  const packages = loaded.filter((path) => !path.startsWith("/") && !path.startsWith("node:"));
  expect(packages).toEqual([]);
  expect(loaded.filter((path) => /src\/(config|engines|exchange|dialects|telemetry)\//.test(path))).toEqual(
    [],
  );
});

test("a text on stdout is whole however slowly it is read", async () => {
  writeFileSync(join(home, "read.sh"), "sleep 0.2; exec cat");
  const command = `"${process.execPath}" "${main}" completion zsh | sh "${join(home, "read.sh")}"`;
  const result = Bun.spawnSync(["sh", "-c", command]);
  expect(result.stdout.toString()).toEndWith("compdef _aigw aigw\nfi\n");
  rmSync(join(home, "read.sh"));
});
