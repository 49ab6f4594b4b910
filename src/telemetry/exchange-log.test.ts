import { expect, test } from "bun:test";
import { exchangeLog } from "./exchange-log.ts";
import { listeningLog, settledWith } from "./testing.ts";

test("an exchange is one line with the ids by which it is found elsewhere", () => {
  const log = listeningLog();
  const trace = { traceId: "1".repeat(32), spanId: "2".repeat(16) };
  exchangeLog(log)(settledWith({ trace, failure: "upstream_timeout", isStream: true, firstTokenMs: 12.4 }));
  const [line = ""] = log.lines;
  expect(line).toStartWith("debug exchange ");
  expect(JSON.parse(line.slice("debug exchange ".length))).toMatchObject({
    request_id: "r-1",
    trace_id: trace.traceId,
    endpoint: "chat",
    status: 200,
    backend: "default/openai/route/aigw-run/rule/0/ref/0",
    failure: "upstream_timeout",
    duration_ms: 812,
    first_token_ms: 12,
    output_tokens: 9,
  });
});
