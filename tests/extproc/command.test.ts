/** `aigw extproc` as a control plane starts it, spoken to as Envoy and its probes do. */
import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeEnvoy } from "./fake-envoy.ts";

const main = join(import.meta.dir, "../../src/main.ts");
const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "aigw-command-"));
  cleanUps.push(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

interface Running {
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  stderr: string;
  /** Resolves when the words have been written. */
  said(words: string): Promise<void>;
}

function start(words: readonly string[], environment: { readonly [name: string]: string } = {}): Running {
  const child = Bun.spawn([process.execPath, main, "extproc", ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] ?? "", ...environment },
  });
  cleanUps.push(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  const running: Running = {
    child,
    stderr: "",
    async said(wanted) {
      for (let waited = 0; !running.stderr.includes(wanted); waited += 10) {
        if (waited > 15_000) throw new Error(`"${wanted}" never came: ${running.stderr}`);
        await Bun.sleep(10);
      }
    },
  };
  void (async () => {
    const decoder = new TextDecoder();
    for await (const piece of child.stderr) running.stderr += decoder.decode(piece, { stream: true });
  })();
  return running;
}

/** Starts it on a socket with free ports and resolves when it is ready. */
async function startReady(home: string, config: readonly string[], more: readonly string[] = []) {
  const socket = join(home, "uds.sock");
  const running = start([...config, "-extProcAddr", `unix://${socket}`, "-adminPort", "0", ...more]);
  await running.said("AI Gateway External Processor is ready\n");
  const [, admin = ""] = /admin=(\S+)/.exec(running.stderr) ?? [];
  const envoy = new FakeEnvoy(`unix:${socket}`);
  cleanUps.push(() => envoy.close());
  return { running, envoy, adminUrl: `http://${admin}` };
}

const configOf = (prefix: string, version = "dev") => `
version: ${version}
backends:
  - name: default/openai/route/r/rule/0/ref/0
    modelNameOverride: ""
    schema: {name: OpenAI, prefix: ${prefix}}
    auth: {apiKey: {key: sk-secret-of-config}}
llmRequestCosts:
  - {metadataKey: used, type: OutputToken, routeName: default/r}
models:
  - {Name: gpt-x, OwnedBy: me, CreatedAt: "2025-01-01T00:00:00Z"}
`;

const request = {
  path: "/v1/chat/completions",
  body: JSON.stringify({ model: "gpt-x", messages: [] }),
  attempts: [
    {
      backend: "default/openai/route/r/rule/0/ref/0",
      answer: { body: [JSON.stringify({ model: "m", choices: [], usage: { completion_tokens: 5 } })] },
    },
  ],
};

describe("aigw extproc", () => {
  test("serves a filter configuration, its health and its metrics, and loads changes", async () => {
    const home = newHome();
    const path = join(home, "config.yaml");
    writeFileSync(path, configOf("v1"));
    const { running, envoy, adminUrl } = await startReady(
      home,
      ["-configPath", path],
      [
        "-logLevel=debug",
        "-mcpAddr=127.0.0.1:0",
        "-mcpWriteTimeout=120s",
        "-metricsRequestHeaderAttributes=x-team:team",
      ],
    );
    const health = await fetch(`${adminUrl}/health`, { method: "POST" });
    expect([health.status, await health.text()]).toEqual([200, "OK\n"]);

    const seen = await envoy.request({ ...request, headers: { "x-team": "red" } });
    expect(seen.upstream[0]).toMatchObject({
      path: "/v1/chat/completions",
      headers: { authorization: "Bearer sk-secret-of-config" },
    });
    expect(seen.metadata).toMatchObject({
      used: 5,
      route_name: "default/r",
      ai_service_backend_name: "default/openai",
    });
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
    expect(metrics).toMatch(/gen_ai_server_request_duration_seconds_count\{[^}]*team="red"[^}]*\} 1/);

    writeFileSync(path, configOf("v1", "v9.9.9"));
    await running.said("config version mismatch");
    expect((await envoy.request(request)).upstream[0]?.path).toBe("/v1/chat/completions");
    writeFileSync(path, configOf("moved/v1"));
    for (let waited = 0; waited < 5000; waited += 50) {
      if ((await envoy.request(request)).upstream[0]?.path === "/moved/v1/chat/completions") break;
      await Bun.sleep(50);
    }
    expect((await envoy.request(request)).upstream[0]?.path).toBe("/moved/v1/chat/completions");
    expect(running.stderr).toContain("extproc does not serve MCP");
    expect(running.stderr).not.toContain("sk-secret-of-config");
  }, 30_000);

  test("mounts endpoints where it is told, and logs as JSON", async () => {
    const home = newHome();
    const path = join(home, "config.yaml");
    writeFileSync(path, configOf("v1"));
    const { running, envoy } = await startReady(
      home,
      ["-configPath", path],
      ["-rootPrefix=/ai", "-endpointPrefixes=anthropic:/claude", "-logFormat=json", "-enableRedaction"],
    );
    expect((await envoy.request({ method: "GET", path: "/ai/v1/models" })).status).toBe(200);
    expect((await envoy.request({ method: "GET", path: "/ai/claude/v1/models" })).status).toBe(200);
    expect((await envoy.request({ method: "GET", path: "/v1/models" })).status).toBe(404);
    const lines = running.stderr
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("AI Gateway"));
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain("listening");
  }, 30_000);

  test("waits for a bundle that is being written, unhealthy till then", async () => {
    const home = newHome();
    const bundle = join(home, "bundle");
    mkdirSync(join(bundle, "parts"), { recursive: true });
    const text = configOf("v1");
    const checksum = createHash("sha256").update(text).digest("hex");
    writeFileSync(
      join(bundle, "index.yaml"),
      `checksum: ${checksum}\nparts:\n  - {name: a, path: parts/000}\n`,
    );
    const { running, envoy, adminUrl } = await startReady(home, ["-configBundlePath", bundle]);
    const health = await fetch(`${adminUrl}/health`);
    expect([health.status, await health.text()]).toEqual([500, "unhealthy status: NOT_SERVING\n"]);
    expect((await envoy.request(request)).status).toBe(503);
    writeFileSync(join(bundle, "parts/000"), text);
    await running.said("configuration loaded");
    expect((await fetch(`${adminUrl}/health`)).status).toBe(200);
    expect((await envoy.request(request)).status).toBe(200);
  }, 30_000);

  test("ends at once at a second signal", async () => {
    const home = newHome();
    const path = join(home, "config.yaml");
    writeFileSync(path, configOf("v1"));
    const { running, envoy } = await startReady(home, ["-configPath", path]);
    running.child.kill("SIGTERM");
    await running.said("stopping");
    // Until whoever sends requests knows, they are taken.
    expect((await envoy.request(request)).status).toBe(200);
    running.child.kill("SIGINT");
    expect(await running.child.exited).toBe(1);
  }, 30_000);

  const failures: { name: string; words: (home: string) => string[]; says: string }[] = [
    {
      name: "no configuration named",
      words: () => [],
      says: "error: either configPath or configBundlePath must be provided\n",
    },
    {
      name: "an unknown flag",
      words: () => ["-nope"],
      says: "error: flag provided but not defined: -nope\n",
    },
    {
      name: "a configuration that is not there",
      words: () => ["-configPath", "/none.yaml"],
      says: "error: failed to load initial config: /none.yaml: no such file or directory\n",
    },
    {
      name: "a configuration of another version",
      words: (home) => {
        writeFileSync(join(home, "c.yaml"), configOf("v1", "v7"));
        return ["-configPath", join(home, "c.yaml")];
      },
      says: "error: failed to load initial config: config version mismatch",
    },
    {
      name: "a bundle without an index",
      words: (home) => ["-configBundlePath", home],
      says: "error: failed to load initial bundled config:",
    },
    {
      name: "a socket that cannot be made",
      words: (home) => {
        writeFileSync(join(home, "c.yaml"), configOf("v1"));
        return [
          "-configPath",
          join(home, "c.yaml"),
          "-extProcAddr",
          `unix://${home}/none/x.sock`,
          "-adminPort=0",
        ];
      },
      says: "error: cannot listen on ",
    },
  ];
  test.each(failures)(
    "ends with 1 for $name",
    async ({ words, says }) => {
      const running = start(words(newHome()));
      expect(await running.child.exited).toBe(1);
      await running.said(says);
    },
    30_000,
  );

  test("shows its flags", async () => {
    const running = start(["--help"]);
    expect(await running.child.exited).toBe(0);
    const help = await new Response(running.child.stdout).text();
    for (const flag of ["configPath", "extProcAddr", "mcpFallbackSessionEncryptionSeed"])
      expect(help).toContain(`--${flag}`);
    expect(help).not.toContain("--state-home");
  }, 30_000);
});
