import { expect, test } from "bun:test";
import { createBunRuntime } from "../runtime/bun.ts";
import { main } from "./main.ts";
import { FakeTerminal } from "./testing.ts";

async function aigw(words: string[], platform: string) {
  const terminal = new FakeTerminal();
  const runtime = { ...createBunRuntime(), arguments: words };
  const code = await main(runtime, { terminal, environment: {}, workingDirectory: "/", platform });
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

test("a platform that aigw does not know gets version and help, and else a message that names it", async () => {
  expect((await aigw(["version"], "win32")).code).toBe(0);
  expect((await aigw(["run", "--help"], "win32")).code).toBe(0);
  const { code, stderr } = await aigw(["healthcheck"], "win32");
  expect(code).toBe(1);
  expect(stderr).toEndWith("Error running: aigw runs on Linux and macOS, not on win32\n");
});

test.each(["linux", "darwin"])("a command runs on %s", async (platform) => {
  expect(await aigw(["completion", "fish"], platform)).toMatchObject({ code: 0, stderr: "" });
});

test("a usage error is one line and code 80", async () => {
  expect(await aigw(["run", "--frob"], "linux")).toEqual({
    code: 80,
    stdout: "",
    stderr: "aigw: error: unknown flag --frob\n",
  });
});
