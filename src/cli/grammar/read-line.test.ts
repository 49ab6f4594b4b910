import { expect, test } from "bun:test";
import { UsageError } from "../failure.ts";
import type { AnyFlagValue } from "./flag.ts";
import { globalFlags } from "./flags.ts";
import { readLine } from "./read-line.ts";
import { commands } from "./table.ts";

type Environment = { readonly [name: string]: string | undefined };

const read = (line: string[], environment: Environment = {}) => readLine(line, commands, environment);

function problemOf(line: string[], environment?: Environment): string {
  try {
    read(line, environment);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`no complaint about ${line.join(" ")}`);
}

const refused: { name: string; line: string[]; environment?: Environment; want: string }[] = [
  { name: "no command", line: [], want: 'expected one of "version", "run", "healthcheck", "download-envoy"' },
  { name: "a flag where a command belongs", line: ["--version"], want: "unknown flag --version" },
  { name: "an unknown command", line: ["frobnicate"], want: "unexpected argument frobnicate" },
  { name: "half a command", line: ["versio"], want: 'unexpected argument versio, did you mean "version"?' },
  { name: "a mistyped command", line: ["lnit"], want: 'unexpected argument lnit, did you mean "lint"?' },
  { name: "an unknown flag", line: ["run", "--frob"], want: "unknown flag --frob" },
  {
    name: "a mistyped flag",
    line: ["run", "--debgu"],
    want: 'unknown flag --debgu, did you mean "--debug"?',
  },
  {
    name: "the start of several flags",
    line: ["run", "--mcp-"],
    want: 'unknown flag --mcp-, did you mean one of "--mcp-config", "--mcp-json", "--mcp-session-encryption-seed", "--mcp-session-encryption-fallback-seed", "--mcp-session-encryption-iterations"?',
  },
  { name: "an unknown short flag", line: ["run", "-x"], want: "unknown flag -x" },
  { name: "a negated switch", line: ["run", "--no-debug"], want: "unknown flag --no-debug" },
  {
    name: "a flag in the wrong case",
    line: ["run", "--Debug"],
    want: 'unknown flag --Debug, did you mean "--debug"?',
  },
  { name: "a flag of run before the command", line: ["--debug", "run"], want: "unknown flag --debug" },
  {
    name: "a flag of run on another command",
    line: ["version", "--run-id", "x"],
    want: "unknown flag --run-id",
  },
  { name: "a member of every object", line: ["run", "--constructor"], want: "unknown flag --constructor" },
  { name: "a surplus argument", line: ["run", "a", "b"], want: "unexpected argument b" },
  { name: "an argument of a command without", line: ["version", "x"], want: "unexpected argument x" },
  {
    name: "a value missing at the end",
    line: ["run", "--run-id"],
    want: '--run-id: expected string value but got "EOL" (<EOL>)',
  },
  {
    name: "a number missing at the end",
    line: ["run", "--admin-port"],
    want: '--admin-port: expected int value but got "EOL" (<EOL>)',
  },
  {
    name: "a short flag where a value belongs",
    line: ["run", "--run-id", "-x"],
    want: '--run-id: expected string value but got "-x" (short flag); perhaps try --run-id="-x"?',
  },
  {
    name: "a long flag where a value belongs",
    line: ["run", "--run-id", "--debug"],
    want: '--run-id: expected string value but got "--debug" (long flag); perhaps try --run-id="--debug"?',
  },
  {
    name: "a word where a number belongs",
    line: ["run", "--admin-port", "abc"],
    want: '--admin-port: expected a valid 64 bit int but got "abc"',
  },
  {
    name: "a hexadecimal number",
    line: ["run", "--admin-port=0x10"],
    want: '--admin-port: expected a valid 64 bit int but got "0x10"',
  },
  {
    name: "a port beyond the last",
    line: ["run", "--admin-port", "65536"],
    want: "--admin-port: expected a number from 0 to 65535 but got 65536",
  },
  {
    name: "no iterations",
    line: ["run", "--mcp-session-encryption-iterations=0"],
    want: "--mcp-session-encryption-iterations: expected a number from 1 to 2147483647 but got 0",
  },
  {
    name: "a switch that is neither",
    line: ["run", "--debug=maybe"],
    want: '--debug: bool value must be true, 1, yes, false, 0 or no but got "maybe"',
  },
  {
    name: "a variable that is neither",
    line: ["run"],
    environment: { AIGW_DEBUG: "maybe" },
    want: '--debug: bool value must be true, 1, yes, false, 0 or no but got "maybe" (from envar AIGW_DEBUG="maybe")',
  },
  {
    name: "an unknown engine",
    line: ["run", "--engine", "nginx"],
    want: '--engine must be one of "auto","embedded","envoy" but got "nginx"',
  },
  {
    name: "an unknown engine in the environment",
    line: ["run"],
    environment: { AIGW_ENGINE: "nginx" },
    want: '--engine must be one of "auto","embedded","envoy" but got "nginx" (from envar AIGW_ENGINE="nginx")',
  },
  { name: "a command without its argument", line: ["lint"], want: "lint: expected <file>" },
  {
    name: "an unknown shell",
    line: ["completion", "csh"],
    want: '<shell> must be one of "bash","zsh","fish" but got "csh"',
  },
  { name: "a flag before it explains help", line: ["run", "--help", "--frob"], want: "unknown flag --frob" },
  {
    name: "a surplus argument in spite of help",
    line: ["run", "a", "b", "--help"],
    want: "unexpected argument b",
  },
];

test.each(refused)("readLine refuses $name", ({ line, environment, want }) => {
  expect(problemOf(line, environment)).toBe(want);
});

const accepted: {
  name: string;
  line: string[];
  environment?: Environment;
  words?: string[];
  flags: { [name: string]: AnyFlagValue };
}[] = [
  {
    name: "defaults",
    line: ["run"],
    flags: { debug: false, "admin-port": 1064, engine: "auto", "run-id": undefined, "state-home": undefined },
  },
  {
    name: "a value after a blank and after an equal sign",
    line: ["run", "--run-id", "a", "--admin-port=0"],
    flags: { "run-id": "a", "admin-port": 0 },
  },
  {
    name: "a value that looks like a flag, after an equal sign",
    line: ["run", "--run-id=-x"],
    flags: { "run-id": "-x" },
  },
  { name: "an equal sign in a value", line: ["run", "--run-id=a=b"], flags: { "run-id": "a=b" } },
  {
    name: "a lone dash as value and as path",
    line: ["run", "--run-id", "-", "-"],
    words: ["-"],
    flags: { "run-id": "-" },
  },
  {
    name: "a switch that leaves the next word alone",
    line: ["run", "--debug", "false"],
    words: ["false"],
    flags: { debug: true },
  },
  { name: "a switch turned off", line: ["run", "--debug=No"], flags: { debug: false } },
  { name: "the last of repeated flags", line: ["run", "--run-id=a", "--run-id=b"], flags: { "run-id": "b" } },
  {
    name: "an empty text as unset",
    line: ["run", "--run-id="],
    environment: { AIGW_RUN_ID: "v" },
    flags: { "run-id": "v" },
  },
  {
    name: "flags behind -- as words",
    line: ["run", "--", "--debug"],
    words: ["--debug"],
    flags: { debug: false },
  },
  {
    name: "directories before the command",
    line: ["--state-home", "/s", "run"],
    flags: { "state-home": "/s" },
  },
  { name: "directories after the command", line: ["version", "--data-home=D"], flags: { "data-home": "D" } },
  {
    name: "variables",
    line: ["run"],
    environment: { AIGW_DEBUG: "YES", AIGW_RUN_ID: "r" },
    flags: { debug: true, "run-id": "r" },
  },
  {
    name: "flags before variables",
    line: ["run", "--debug=0"],
    environment: { AIGW_DEBUG: "1" },
    flags: { debug: false },
  },
  {
    name: "empty variables as unset",
    line: ["run"],
    environment: { AIGW_DEBUG: "", AIGW_STATE_HOME: "" },
    flags: { debug: false, "state-home": undefined },
  },
  {
    name: "bad variables of other commands",
    line: ["version"],
    environment: { AIGW_DEBUG: "maybe" },
    flags: {},
  },
  { name: "many words where the command takes many", line: ["lint", "a", "b"], words: ["a", "b"], flags: {} },
];

test.each(accepted)("readLine takes $name", ({ line, environment, words = [], flags }) => {
  const reading = read(line, environment);
  if (reading.type !== "command") throw new Error("help was not asked for");
  expect(reading.line.words).toEqual(words);
  expect(reading.line.flags).toMatchObject(flags);
});

const helps: { name: string; line: string[]; environment?: Environment; command: string | undefined }[] = [
  { name: "alone", line: ["--help"], command: undefined },
  { name: "in short", line: ["-h"], command: undefined },
  { name: "for a command", line: ["run", "-h"], command: "run" },
  { name: "before a command", line: ["--help", "run"], command: "run" },
  {
    name: "in spite of a bad variable",
    line: ["run", "-h"],
    environment: { AIGW_DEBUG: "maybe" },
    command: "run",
  },
  { name: "in spite of a missing argument", line: ["lint", "--help"], command: "lint" },
];

test.each(helps)("readLine gives help $name", ({ line, environment, command }) => {
  const reading = read(line, environment);
  expect(reading.type).toBe("help");
  expect(reading.command?.name).toBe(command);
});

test("help turned off is no help", () => {
  expect(read(["version", "--help=false"]).type).toBe("command");
});

test("a flag takes a value in every command or in none, so that the next word has one meaning", () => {
  const takesValue = new Map(Object.keys(globalFlags).map((name) => [name, true]));
  for (const { flags } of commands) {
    for (const [name, { type }] of Object.entries(flags)) {
      expect(takesValue.get(name) ?? type !== "switch").toBe(type !== "switch");
      takesValue.set(name, type !== "switch");
    }
  }
});

test("a flag that may be repeated gathers its texts, and is empty without", () => {
  const read = (...words: string[]) => {
    const reading = readLine(["explain", "gw.yaml", ...words], commands, {});
    return reading.type === "command" ? reading.line.flags["header"] : undefined;
  };
  expect(read("--header", "a: b", "--header=c: d")).toEqual(["a: b", "c: d"]);
  expect(read()).toEqual([]);
});

test.each([
  [
    ["extproc", "-configPath", "c.yaml"],
    ["-configPath", "c.yaml"],
  ],
  [
    ["-configPath", "c.yaml", "-adminPort=0"],
    ["-configPath", "c.yaml", "-adminPort=0"],
  ],
  [
    ["-extProcAddr=:1063", "-configPath", "c"],
    ["-extProcAddr=:1063", "-configPath", "c"],
  ],
])("the line %j of another program's grammar is extproc's as it is", (line, words) => {
  const reading = readLine(line, commands, {});
  expect(reading.type === "command" && [reading.command.name, reading.line.words]).toEqual([
    "extproc",
    words,
  ]);
});

test("a flag that nobody has is no command's", () => {
  expect(() => readLine(["-noSuchFlag", "x"], commands, {})).toThrow(UsageError);
});
