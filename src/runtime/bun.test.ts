import { expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBunRuntime, startUpSettings } from "./bun.ts";
import { runtimeCases } from "./testing.ts";

test.each(runtimeCases)("Bun $name", ({ check }) => check(createBunRuntime()));

const settings: {
  name: string;
  environment: { [name: string]: string };
  want: { [name: string]: string };
}[] = [
  {
    name: "only lifts the limit without a proxy",
    environment: {},
    want: { BUN_CONFIG_MAX_HTTP_REQUESTS: "65535" },
  },
  {
    name: "keeps a limit that somebody chose",
    environment: { BUN_CONFIG_MAX_HTTP_REQUESTS: "300" },
    want: { BUN_CONFIG_MAX_HTTP_REQUESTS: "300" },
  },
  {
    name: "keeps this machine off a proxy",
    environment: { HTTPS_PROXY: "http://p", NO_PROXY: "corp.example,localhost" },
    want: { BUN_CONFIG_MAX_HTTP_REQUESTS: "65535", no_proxy: "corp.example,localhost,127.0.0.1,[::1]" },
  },
  {
    name: "reads the lower-case exceptions before the upper-case ones",
    environment: { http_proxy: "http://p", NO_PROXY: "a", no_proxy: "b" },
    want: { BUN_CONFIG_MAX_HTTP_REQUESTS: "65535", no_proxy: "b,localhost,127.0.0.1,[::1]" },
  },
];

test.each(settings)("startUpSettings $name, and wants no second restart", ({ environment, want }) => {
  expect(startUpSettings(environment)).toEqual(want);
  expect(startUpSettings({ ...environment, ...want })).toEqual(want);
});

test("restartForLimits replaces the process once, with the same number, arguments and working directory", () => {
  const directory = mkdtempSync(join(tmpdir(), "aigw-restart-"));
  const script = join(directory, "restart.ts");
  writeFileSync(
    script,
    `import { createBunRuntime } from ${JSON.stringify(join(import.meta.dirname, "bun.ts"))};
     const runtime = createBunRuntime();
     const { BUN_CONFIG_MAX_HTTP_REQUESTS: limit } = process.env;
     console.log(JSON.stringify({ pid: process.pid, limit, words: runtime.arguments, cwd: process.cwd() }));
     runtime.restartForLimits();
     console.log("on");`,
  );
  const env = { PATH: process.env["PATH"] ?? "" };
  const words = ["run", "--debug", "a b", "--", "-x"];
  const { stdout } = Bun.spawnSync([process.execPath, script, ...words], { env, cwd: directory });
  const [before, after, on] = stdout.toString().trim().split("\n");
  const cwd = realpathSync(directory);
  const { pid, ...first } = JSON.parse(before ?? "");
  expect(first).toEqual({ words, cwd });
  expect(JSON.parse(after ?? "")).toEqual({ pid, limit: "65535", words, cwd });
  expect(on).toBe("on");
  rmSync(directory, { recursive: true });
});
