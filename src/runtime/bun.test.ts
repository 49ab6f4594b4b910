import { expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
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

test("a server closes a silent connection, but not one whose answer may take its time", async () => {
  const server = createBunRuntime().serve(
    { host: "127.0.0.1", port: 0, maxBodyBytes: 1, idleTimeoutMs: 1000 },
    async (request, connection) => {
      if (!request.url.endsWith("/slow")) return new Response("quick");
      connection.allowSilence();
      await idleClosed.promise;
      return new Response("slow");
    },
  );
  const idleClosed = Promise.withResolvers<void>();
  const idle = createConnection(server.port, "127.0.0.1", () =>
    idle.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
  );
  idle.on("data", () => {});
  idle.on("close", () => idleClosed.resolve());
  const slow = await fetch(`http://127.0.0.1:${server.port}/slow`);
  expect(await slow.text()).toBe("slow");
  await server.kill();
}, 30_000);
