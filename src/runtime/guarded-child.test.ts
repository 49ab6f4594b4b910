import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createBunRuntime } from "./bun.ts";

const runtime = createBunRuntime();

test("a guarded command runs as it was given, in the same process", async () => {
  const command = runtime.guarded(["/bin/sh", "-c", 'echo "$0 $1 $$"', "zero", "one"]);
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe" });
  const text = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  expect(text).toBe(`zero one ${child.pid}\n`);
});

test.skipIf(process.platform !== "linux")(
  "a guarded command ends with the process that started it",
  async () => {
    const [file = "", ...rest] = runtime.guarded(["/bin/sleep", "60"]);
    const parent = `
    const child = Bun.spawn([${JSON.stringify(file)}, ...${JSON.stringify(rest)}.map((word) =>
      word === ${JSON.stringify(String(process.pid))} ? String(process.pid) : word)]);
    while (!(await Bun.file("/proc/" + child.pid + "/cmdline").text()).startsWith("/bin/sleep")) await Bun.sleep(10);
    console.log(child.pid);
    await Bun.sleep(60_000);
  `;
    const child = Bun.spawn([process.execPath, "-e", parent], { stdout: "pipe" });
    const { value } = await child.stdout.getReader().read();
    const pid = Number(Buffer.from(value ?? []).toString());
    expect(stateOf(pid)).toMatch(/[SR]/);
    child.kill("SIGKILL");
    for (let waited = 0; waited < 5000 && /[SR]/.test(stateOf(pid)); waited += 10) await Bun.sleep(10);
    expect(stateOf(pid)).toMatch(/^(gone|Z)$/);
  },
);

test("a guarded command does not start when its parent is another than it should be", async () => {
  const command = runtime.guarded(["/bin/echo", "started"]);
  const child = Bun.spawn(["/bin/sh", "-c", `${command.join(" ")}; true`], { stdout: "pipe" });
  expect(await new Response(child.stdout).text()).toBe(process.platform === "linux" ? "" : "started\n");
});

function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] ?? "gone";
  } catch {
    return "gone";
  }
}
