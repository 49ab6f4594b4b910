/** Blocks of README and docs that are marked `sh run`, run as a reader would: one shell for each page, from top to bottom. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { untilFree } from "./support/ports.ts";
import { binaryPath } from "./support/program.ts";
import { startUpstream, type Upstream } from "./support/upstream.ts";

const root = join(import.meta.dir, "..");
const pages = ["README.md", ...new Bun.Glob("docs/*.md").scanSync(root)].sort();

function blocksOf(page: string): string[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```sh run\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}

const runnable = pages.filter((page) => blocksOf(page).length > 0);
const limitMs = 60_000;

/** What pages may expect of a provider: a chat, a stream, a tool call, an embedding. */
function answer(path: string, text: string): Response {
  if (path.endsWith("/embeddings")) {
    const data = [{ object: "embedding", index: 0, embedding: [0.5] }];
    const usage = { prompt_tokens: 1, total_tokens: 1 };
    return Response.json({ object: "list", model: "text-embedding-3-small", data, usage });
  }
  const request = JSON.parse(text) as { stream?: boolean; tools?: unknown };
  const common = { id: "chatcmpl-1", created: 1, model: "gpt-4o-mini" };
  const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };
  if (request.stream) {
    const chunk = (delta: object, reason: string | null) => ({
      ...common,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, finish_reason: reason }],
    });
    const events = [
      chunk({ role: "assistant", content: "This is " }, null),
      chunk({ content: "a test." }, "stop"),
    ];
    const body = [...events.map((event) => JSON.stringify(event)), "[DONE]"].map(
      (data) => `data: ${data}\n\n`,
    );
    return new Response(body.join(""), { headers: { "content-type": "text/event-stream" } });
  }
  const call = {
    id: "call_1",
    type: "function",
    function: { name: "weather", arguments: '{"city":"Rome"}' },
  };
  const message = request.tools
    ? { role: "assistant", content: null, tool_calls: [call] }
    : { role: "assistant", content: "This is a test." };
  const choices = [{ index: 0, message, finish_reason: request.tools ? "tool_calls" : "stop" }];
  return Response.json({ ...common, object: "chat.completion", choices, usage });
}

/** What a page must have shown by its end, so that a command that does nothing is no success. */
const shown: { readonly [page: string]: readonly RegExp[] } = {
  "docs/first-hour.md": [
    /^Envoy AI Gateway CLI: /m,
    /listening on http:\/\/localhost:1975/,
    /"content":"This is a test\."/,
    /^data: \[DONE\]$/m,
    /"type":"message".*"text":"This is a test\."|"text":"This is a test\.".*"type":"message"/,
    /"name":"weather"/,
    /gen_ai_client_token_usage_count\{.*\} \d/,
    /broken\.yaml:\d+:\d+: .*nome/,
    /"object":"embedding"/,
    /text-embedding-3-small +1 +0 /,
  ],
  "docs/ci.md": [/"content":"This is a test\."/, /"calls": 1/],
};

describe.skipIf(Bun.which("curl") === null)("commands of", () => {
  let upstream: Upstream;
  let folder: string;
  beforeAll(() => {
    upstream = startUpstream(({ path, text }) => answer(path, text));
    folder = mkdtempSync(join(tmpdir(), "aigw-docs-"));
    mkdirSync(join(folder, "bin"));
    symlinkSync(binaryPath(), join(folder, "bin/aigw"));
    cpSync(join(root, "examples"), join(folder, "examples"), { recursive: true });
  });
  afterAll(() => {
    upstream[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  test("every page that has some says what they show", () => {
    expect(Object.keys(shown).sort()).toEqual(runnable);
  });

  test.each(runnable)(
    "%s do what it says",
    async (page) => {
      await Promise.all([untilFree(1975), untilFree(1064)]);
      // Job control, as in a reader's shell: `kill %1` stops what was started with `&`.
      const end = "trap 'jobs -p | xargs -r kill' EXIT";
      const script = `set -emu\n${end}\n${blocksOf(page).join("\n")}`;
      const child = Bun.spawn(["bash", "-c", script], {
        cwd: folder,
        env: {
          PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
          HOME: folder,
          AIGW_RUNTIME_DIR: join(folder, "run"),
          OPENAI_API_KEY: "sk-played",
          OPENAI_BASE_URL: `${upstream.url}/v1`,
        },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        timeout: limitMs,
      });
      const [out, err, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      if (code !== 0) throw new Error(`it ended with ${code}:\n${out}\n${err}`);
      for (const pattern of shown[page] ?? []) expect(out + err).toMatch(pattern);
    },
    limitMs,
  );
});
