import { expect, test } from "bun:test";
import type { AccessLog } from "../../model/access-log.ts";
import { parseTemplate } from "../../policy/template.ts";
import type { RequestRecord } from "../request-record.ts";
import { recordWith } from "../testing.ts";
import { compileAccessLogs } from "./access-log.ts";

function logOf(change: Partial<AccessLog> & { text?: string; path?: string }): AccessLog {
  const { text = "%REQ(X-REQUEST-ID)%", path = "/dev/stdout", ...rest } = change;
  return {
    at: 0,
    key: "log",
    print: "p",
    scope: "all",
    filters: [],
    format: { type: "text", text: parseTemplate(text) },
    sink: { type: "file", path },
    ...rest,
  };
}

/** Which paths got which lines. */
function run(logs: readonly AccessLog[], records: readonly RequestRecord[]): { [path: string]: string } {
  const written: { [path: string]: string } = {};
  const listener = compileAccessLogs(logs, [{ attribute: "session.id", headers: ["agent-session-id"] }], {
    file: (path) => ({
      write(line) {
        written[path] = `${written[path] ?? ""}${line}`;
      },
    }),
    collector: () => {
      throw new Error("no log names a collector");
    },
    resource: new Map(),
  });
  records.forEach(listener);
  return written;
}

const filtersOf = (...sources: string[]) => sources.map((source) => ({ source, result: "bool" as const }));

const records = [
  recordWith({ requestId: "llm" }),
  recordWith({
    requestId: "plain",
    model: undefined,
    settled: undefined,
    requestHeaders: new Headers({ "x-ai-eg-model": "forged" }),
  }),
  recordWith({ requestId: "empty", model: "", status: 400, responseFlags: "DC" }),
  recordWith({ requestId: "lost", model: undefined, settled: undefined, status: 404, responseFlags: "NR" }),
];

const cases: { name: string; log: Partial<AccessLog>; want: string }[] = [
  { name: "everything", log: {}, want: "llm plain empty lost" },
  { name: "a scope of routed requests", log: { scope: "route" }, want: "llm plain empty" },
  { name: "a scope of requests without a route", log: { scope: "no-route" }, want: "lost" },
  {
    name: "LLM requests",
    log: { filters: filtersOf("request.headers['x-ai-eg-model'] != ''") },
    want: "llm",
  },
  {
    name: "no MCP request",
    log: { filters: filtersOf("request.headers['x-ai-eg-mcp-backend'] != ''") },
    want: "",
  },
  { name: "errors", log: { filters: filtersOf("response.code >= 400") }, want: "empty lost" },
  {
    name: "what passes every filter",
    log: {
      filters: filtersOf(
        "response.code >= 400",
        "request.headers['user-agent'] != ''",
        "response.code < 404",
      ),
    },
    want: "empty",
  },
  { name: "flags by their bits", log: { filters: filtersOf("response.flags == 256") }, want: "lost" },
  {
    name: "a path",
    log: { filters: filtersOf("request.url_path == '/v1/chat/completions'") },
    want: "llm plain empty lost",
  },
  {
    name: "a query",
    log: { filters: filtersOf("request.query == 'x=1' && request.path.endsWith('?x=1')") },
    want: "llm plain empty lost",
  },
  {
    name: "a header in any case",
    log: { filters: filtersOf("'User-Agent' in request.headers && request.method == 'POST'") },
    want: "llm empty lost",
  },
  {
    name: "a header that is listed",
    log: { filters: filtersOf("request.headers.exists(name, name == 'agent-session-id')") },
    want: "llm empty lost",
  },
  {
    name: "a response header",
    log: { filters: filtersOf("response.headers['server'] == 'up' && response.size > 400") },
    want: "llm plain empty lost",
  },
  {
    name: "addresses",
    log: { filters: filtersOf("source.port == 50123 && destination.address.startsWith('127.')") },
    want: "llm plain empty lost",
  },
  {
    name: "the upstream",
    log: { filters: filtersOf("upstream.request_attempt_count == 1 && xds.cluster_name != ''") },
    want: "llm empty",
  },
  {
    name: "metadata",
    log: {
      filters: filtersOf(
        "metadata.filter_metadata['io.envoy.ai_gateway']['llm_input_token'] > 10.0 && metadata.filter_metadata['io.envoy.ai_gateway']['session.id'] == 's-17'",
      ),
    },
    want: "llm empty",
  },
  {
    name: "nothing where a filter fails",
    log: { filters: filtersOf("response.trailers['x'] != ''") },
    want: "",
  },
];

test.each(cases)("compileAccessLogs writes $name", ({ log, want }) => {
  const lines = run([logOf(log)], records)["/dev/stdout"] ?? "";
  expect(lines.trim().split("\n").join(" ")).toBe(want);
});

test("compileAccessLogs gives each log its own sink and format", () => {
  const logs = [logOf({ path: "/a" }), logOf({ path: "/b", text: "%RESPONSE_CODE%", scope: "no-route" })];
  expect(run(logs, records)).toEqual({ "/a": "llm\nplain\nempty\nlost\n", "/b": "404\n" });
});

test("compileAccessLogs refuses a filter that cannot be read", () => {
  expect(() => run([logOf({ filters: filtersOf("response.code >=") })], [])).toThrow("syntax error");
});
