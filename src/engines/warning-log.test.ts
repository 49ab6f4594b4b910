import { expect, test } from "bun:test";
import type { AiBackend } from "../model/ai.ts";
import { noHeaderEdits } from "../model/values.ts";
import type { Logger } from "../telemetry/index.ts";
import { warningLog } from "./warning-log.ts";

const backend: AiBackend = {
  at: 0,
  key: "default/claude/route/r/rule/0/ref/0",
  print: "p",
  backendName: "default/claude",
  routeName: "default/r",
  schema: { name: "Anthropic", prefix: "v1" },
  headers: noHeaderEdits,
  body: [],
};

function listen(isDebug: boolean): { lines: string[]; log: Logger } {
  const lines: string[] = [];
  const write = (level: string) => (_message: string, fields?: object) =>
    void lines.push(`${level} ${JSON.stringify(fields)}`);
  const [debug, info, warn, error] = ["debug", "info", "warn", "error"].map(write);
  if (!debug || !info || !warn || !error) throw new Error("unreachable");
  return { lines, log: { isOn: (level) => isDebug || level !== "debug", debug, info, warn, error } };
}

const loud = (path: string) => ({ level: "loud" as const, path, message: "logit_bias is not known there" });

test("a loud warning is said once, wherever in a list it is; a quiet one not at all", () => {
  const { lines, log } = listen(false);
  const tell = warningLog(log);
  tell(loud("messages[0].name"), "id-1", backend);
  tell(loud("messages[17].name"), "id-2", backend);
  tell({ ...loud("seed"), level: "quiet" }, "id-3", backend);
  expect(lines).toEqual([
    'warn {"member":"messages[0].name","reason":"logit_bias is not known there","backend":"default/claude/route/r/rule/0/ref/0","request_id":"id-1"}',
  ]);
});

test("with debug everything is said, each time", () => {
  const { lines, log } = listen(true);
  const tell = warningLog(log);
  tell(loud("user"), "id-1", backend);
  tell(loud("user"), "id-2", backend);
  tell({ ...loud("seed"), level: "quiet" }, "id-3", backend);
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["warn", "debug", "debug"]);
});

test("what is remembered has a bound", () => {
  const { lines, log } = listen(false);
  const tell = warningLog(log);
  for (let i = 0; i < 3000; i += 1) tell({ ...loud("x"), message: `m${"a".repeat(i)}` }, "id", backend);
  expect(lines.length).toBe(1000);
});
