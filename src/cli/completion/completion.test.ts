import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands } from "../grammar/table.ts";
import { writeBashCompletion } from "./bash.ts";
import { writeFishCompletion } from "./fish.ts";
import { writeZshCompletion } from "./zsh.ts";

const scripts = {
  bash: writeBashCompletion(commands),
  zsh: writeZshCompletion(commands),
  fish: writeFishCompletion(commands),
};

function shell(command: string[], input: string, cwd?: string): { code: number; output: string } {
  const result = Bun.spawnSync(command, { stdin: Buffer.from(input), ...(cwd !== undefined && { cwd }) });
  return { code: result.exitCode, output: result.stdout.toString() + result.stderr.toString() };
}

/** What bash offers for a line that ends at the cursor. */
function complete(words: string[], cwd?: string): string[] {
  const line = words.map((word) => `'${word}'`).join(" ");
  const ask = `COMP_WORDS=(aigw ${line}); COMP_CWORD=${words.length}; _aigw; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { output } = shell(["bash", "--norc", "-s"], `${scripts.bash}\n${ask}\n`, cwd);
  return output.split("\n").filter((word) => word !== "");
}

const offers: { name: string; words: string[]; want: string[] }[] = [
  { name: "commands that begin so", words: ["ver"], want: ["version"] },
  { name: "flags of a command", words: ["run", "--admin"], want: ["--admin-port", "--admin-address"] },
  { name: "global flags before the command", words: ["--st"], want: ["--state-home"] },
  { name: "no flags of run before it", words: ["--admin"], want: [] },
  { name: "engines behind a blank", words: ["run", "--engine", "e"], want: ["embedded", "envoy"] },
  {
    name: "engines behind an equal sign, as bash splits it",
    words: ["run", "--engine", "=", "em"],
    want: ["embedded"],
  },
  {
    name: "every engine right behind the equal sign",
    words: ["run", "--engine", "="],
    want: ["auto", "embedded", "envoy"],
  },
  { name: "shells", words: ["completion", "z"], want: ["zsh"] },
  { name: "nothing for a value that nobody knows", words: ["run", "--run-id", ""], want: [] },
  {
    name: "a command behind a directory flag",
    words: ["--state-home", "run", "health"],
    want: ["healthcheck"],
  },
  {
    name: "a command behind a directory flag with an equal sign",
    words: ["--state-home", "=", "run", "sch"],
    want: ["schema"],
  },
];

test.each(offers)("bash completes $name", ({ words, want }) => {
  expect(complete(words)).toEqual(want);
});

test("bash completes files with blanks and directories where they belong", () => {
  const directory = mkdtempSync(join(tmpdir(), "aigw-completion-"));
  writeFileSync(join(directory, "my gateway.yaml"), "");
  mkdirSync(join(directory, "my state"));
  expect(complete(["run", "my"], directory).sort()).toEqual(["my gateway.yaml", "my state"]);
  expect(complete(["run", "--state-home", "my"], directory)).toEqual(["my state"]);
  rmSync(directory, { recursive: true });
});

test("bash finds no fault with its script", () => {
  expect(shell(["bash", "-n"], scripts.bash)).toEqual({ code: 0, output: "" });
});

/** Run where the shell is at hand; what needs none of them stands below. */
for (const [name, command] of [
  ["zsh", ["zsh", "-n"]],
  ["fish", ["fish", "--no-execute"]],
] as const) {
  test.skipIf(Bun.which(name) === null)(
    `${name} finds no fault with its script (needs ${name} installed)`,
    () => {
      expect(shell([...command], scripts[name])).toEqual({ code: 0, output: "" });
    },
  );
}

test.each(Object.entries(scripts))("the %s script knows every command and every flag", (_shell, script) => {
  for (const { name, flags } of commands) {
    expect(script).toContain(name);
    for (const flag of Object.keys(flags)) expect(script).toContain(flag);
  }
});
