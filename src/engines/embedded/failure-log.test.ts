import { expect, test } from "bun:test";
import type { LogFields, Logger } from "../../telemetry/logger.ts";
import { failureLog } from "./failure-log.ts";

function listen(): { lines: string[]; log: Logger } {
  const lines: string[] = [];
  const say = (level: string) => (message: string, fields?: LogFields) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log: Logger = {
    isOn: () => true,
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
  };
  return { lines, log };
}

const refused = (upstream: string) => ({
  requestId: "id",
  upstreamFailure: "ConnectionRefused",
  endpoint: { name: upstream },
});

test("an upstream's reason is a warning at once, then counted, then said again", () => {
  const { lines, log } = listen();
  let now = 0;
  const tell = failureLog(log, () => now);
  for (now of [0, 1000, 2000, 10_000]) tell(refused("10.0.0.1:80"), 503);
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["warn", "debug", "debug", "warn"]);
  expect(lines[3]).toContain('"times_since_last_said":2');
});

test("another upstream, or another reason, is heard of at once", () => {
  const { lines, log } = listen();
  const tell = failureLog(log, () => 0);
  tell(refused("a:80"), 503);
  tell(refused("b:80"), 503);
  tell({ ...refused("a:80"), upstreamFailure: "ECONNRESET" }, 503);
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["warn", "warn", "warn"]);
});
