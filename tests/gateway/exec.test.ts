/** `aigw exec`: a command with a gateway around it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAigw } from "../support/gateway.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const chat = {
  object: "chat.completion",
  model: "m-1",
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
};
/** A program as a user would have it: it knows the SDK's variables and nothing of a gateway. */
const program = `
  const ask = (model) => fetch(process.env.OPENAI_BASE_URL + "/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer " + process.env.OPENAI_API_KEY },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
  });
  const answers = [await ask("m"), await ask("m"), await ask("broken")];
  console.log((await answers[0].json()).choices[0].message.content, answers[2].status, process.env.OPENAI_API_KEY);
  process.exit(Number(process.argv.at(-1)));
`;

let upstream: Upstream;
let folder: string;
let script: string;
beforeAll(() => {
  upstream = startUpstream(({ text }) =>
    text.includes('"broken"')
      ? Response.json({ error: { message: "no" } }, { status: 500 })
      : Response.json(chat),
  );
  folder = mkdtempSync(join(tmpdir(), "aigw-exec-"));
  script = join(folder, "program.mjs");
  writeFileSync(script, program);
});
afterAll(() => {
  upstream[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const env = () => ({ OPENAI_API_KEY: "sk-real", OPENAI_BASE_URL: `${upstream.url}/v1` });
const exec = (flags: readonly string[], command: readonly string[], more: Record<string, string> = {}) =>
  runAigw(["exec", ...flags, "--", ...command], { env: { ...env(), ...more } });

test("the program's calls go through the gateway, its exit code comes through, and a summary follows", async () => {
  const { code, stdout, stderr } = await exec([], [process.execPath, script, "7"]);
  expect([code, stdout]).toEqual([7, "hello 500 aigw\n"]);
  expect(stderr).toMatch(/\n {2}m +2 +0 +14 +0 +6 /);
  expect(stderr).toContain("errors: 1 × status 500");
  expect(upstream.seen.at(-1)?.headers.get("authorization")).toBe("Bearer sk-real");
});

test("two at once do not get in each other's way", async () => {
  const runs = await Promise.all([0, 3].map((code) => exec([], [process.execPath, script, String(code)])));
  expect(runs.map(({ code }) => code)).toEqual([0, 3]);
});

test("the summary goes to a file in the shape that is asked for, and onto the page of a job", async () => {
  const [file, page] = [join(folder, "calls.xml"), join(folder, "page.md")];
  const flags = ["--summary=junit", `--summary-file=${file}`];
  const { code, stderr } = await exec(flags, [process.execPath, script, "0"], { GITHUB_STEP_SUMMARY: page });
  expect(code).toBe(0);
  expect(stderr).not.toContain("calls through the gateway");
  expect(readFileSync(file, "utf8")).toContain('<testcase classname="aigw" name="broken"');
  expect(readFileSync(page, "utf8")).toContain("### Calls through aigw\n");
});

test.each([
  [
    "a command that is not there",
    ["no-such-command"],
    127,
    "no-such-command cannot be run: there is no such command",
  ],
  ["a command that cannot be run", ["/"], 126, "/ cannot be run: "],
  ["a command that a signal ended", ["sh", "-c", "kill -KILL $$"], 137, "aigw: no calls"],
])("%s ends as a shell would say", async (_, command, code, said) => {
  const finished = await exec([], command);
  expect(finished.code).toBe(code);
  expect(finished.stderr).toContain(said);
});

test("without a configuration the command is not started", async () => {
  const finished = await runAigw(["exec", "--", "touch", join(folder, "never")]);
  expect(finished.code).toBe(80);
  expect(finished.stderr).toContain("you must supply at least OPENAI_API_KEY");
  expect(await Bun.file(join(folder, "never")).exists()).toBe(false);
});

test("without a command it is a line that cannot be run", async () => {
  const finished = await runAigw(["exec"], { env: env() });
  expect([finished.code, finished.stderr]).toEqual([
    80,
    "aigw: error: exec: expected -- and a command behind it\n",
  ]);
});
