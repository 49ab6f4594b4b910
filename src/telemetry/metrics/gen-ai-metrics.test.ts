import { describe, expect, test } from "bun:test";
import type { Settled } from "../../exchange/settled.ts";
import type { SchemaName } from "../../model/ai.ts";
import { backendOf, listeningLog, settledWith } from "../testing.ts";
import { writeExposition } from "./exposition.ts";
import { GenAiMetrics, type GenAiMetricsOptions } from "./gen-ai-metrics.ts";

const resource = new Map([["service.name", "ai-gateway"]]);
const scope = 'otel_scope_name="envoyproxy/ai-gateway",otel_scope_schema_url="",otel_scope_version=""';

function scrape(exchanges: readonly Settled[], options: Partial<GenAiMetricsOptions> = {}): string[] {
  const metrics = new GenAiMetrics({ headerLabels: [], log: listeningLog(), ...options });
  exchanges.forEach(metrics.record);
  const { body } = writeExposition(metrics.families, resource);
  return body.split("\n");
}

/** Lines of counts and sums, which the tables name without the labels of the scope. */
const totals = (lines: readonly string[]) =>
  lines
    .filter((line) => /^gen_ai_\w+_(?:count|sum)\{/.test(line))
    .map((line) => line.replace(`,${scope}`, ""))
    .sort();

const models = (original: string, request: string, response: string, provider = "openai") =>
  `gen_ai_original_model="${original}",gen_ai_provider_name="${provider}",gen_ai_request_model="${request}",gen_ai_response_model="${response}"`;
const chat = `gen_ai_operation_name="chat",${models("acme-chat", "acme-chat", "acme-chat-2026-02-02")}`;

describe("the exposition", () => {
  test("has nothing but the target before the first exchange", () => {
    const metrics = new GenAiMetrics({ headerLabels: [], log: listeningLog() });
    const { body, contentType } = writeExposition(metrics.families, resource);
    expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    expect(body).toBe(
      '# HELP target_info What is scraped\n# TYPE target_info gauge\ntarget_info{service_name="ai-gateway"} 1\n',
    );
  });

  test("writes every bucket with its labels in order and the bound last", () => {
    const lines = scrape([settledWith({ usage: { inputTokens: 17 } })]);
    const bounds = ["1", "4", "16", "64", "256", "1024", "4096", "16384", "65536", "262144"];
    const large = ["1.048576e+06", "4.194304e+06", "1.6777216e+07", "6.7108864e+07", "+Inf"];
    const labels = `${chat},gen_ai_token_type="input",${scope}`;
    expect(lines.slice(0, 19)).toEqual([
      "# HELP gen_ai_client_token_usage Tokens of one request, by type",
      "# TYPE gen_ai_client_token_usage histogram",
      ...[...bounds, ...large].map(
        (le, index) => `gen_ai_client_token_usage_bucket{${labels},le="${le}"} ${index < 3 ? 0 : 1}`,
      ),
      `gen_ai_client_token_usage_sum{${labels}} 17`,
      `gen_ai_client_token_usage_count{${labels}} 1`,
    ]);
  });

  test.each([
    [
      "gen_ai_server_request_duration_seconds",
      "0.01 0.02 0.04 0.08 0.16 0.32 0.64 1.28 2.56 5.12 10.24 20.48 40.96 81.92",
    ],
    [
      "gen_ai_server_time_to_first_token_seconds",
      "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 15 20 30 45 60",
    ],
    [
      "gen_ai_server_time_per_output_token_seconds",
      "0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1 2.5",
    ],
  ])("%s has the buckets %s", (family, bounds) => {
    const lines = scrape([
      settledWith({ isStream: true, firstTokenMs: 20, perOutputTokenMs: 20, durationMs: 20 }),
    ]);
    const buckets = lines.filter((line) => line.startsWith(`${family}_bucket{${chat},${scope},le="`));
    expect(buckets.map((line) => /le="(.*)"/.exec(line)?.[1]).join(" ")).toBe(`${bounds} +Inf`);
    // A value that is a bound belongs to that bound's bucket.
    expect(buckets.map((line) => line.at(-1)).join("")).toBe(
      [...bounds.split(" "), "9"].map((bound) => (Number(bound) < 0.02 ? "0" : "1")).join(""),
    );
  });

  test("escapes what clients write into labels", () => {
    const nasty = 'a"b\\c\nd{e="f"} 1';
    const lines = scrape([settledWith({ originalModel: nasty, usage: {} })]);
    const escaped = 'a\\"b\\\\c\\nd{e=\\"f\\"} 1';
    expect(lines).toContain(
      `gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="chat",${models(escaped, "acme-chat", "acme-chat-2026-02-02")},${scope}} 1`,
    );
    expect(lines.filter((line) => /^[^#\n]/.test(line) && !/^(gen_ai_|target_info)/.test(line))).toEqual([]);
  });
});

const details = {
  inputTokens: 13,
  outputTokens: 9,
  cacheReadTokens: 4,
  cacheWriteTokens: 0,
  reasoningTokens: 3,
};

const cases: { name: string; exchanges: Settled[]; want: string[] }[] = [
  {
    name: "a plain answer: input and output",
    exchanges: [settledWith()],
    want: [
      `gen_ai_client_token_usage_count{${chat},gen_ai_token_type="input"} 1`,
      `gen_ai_client_token_usage_count{${chat},gen_ai_token_type="output"} 1`,
      `gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="input"} 13`,
      `gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="output"} 9`,
      `gen_ai_server_request_duration_seconds_count{${chat}} 1`,
      `gen_ai_server_request_duration_seconds_sum{${chat}} 0.8124`,
    ],
  },
  {
    name: "details: all five types, a reported 0 too",
    exchanges: [settledWith(), settledWith({ usage: details })],
    want: [
      `gen_ai_client_token_usage_count{${chat},gen_ai_token_type="cache_creation_input"} 1`,
      `gen_ai_client_token_usage_count{${chat},gen_ai_token_type="cached_input"} 1`,
      `gen_ai_client_token_usage_count{${chat},gen_ai_token_type="input"} 2`,
      `gen_ai_client_token_usage_count{${chat},gen_ai_token_type="output"} 2`,
      `gen_ai_client_token_usage_count{${chat},gen_ai_token_type="reasoning"} 1`,
      `gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="cache_creation_input"} 0`,
      `gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="cached_input"} 4`,
      `gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="input"} 26`,
      `gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="output"} 18`,
      `gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="reasoning"} 3`,
      `gen_ai_server_request_duration_seconds_count{${chat}} 2`,
      `gen_ai_server_request_duration_seconds_sum{${chat}} 1.6248`,
    ],
  },
  {
    name: "a renamed model under both names",
    exchanges: [
      settledWith({
        originalModel: "alias",
        requestModel: "acme-mini",
        responseModel: "acme-mini-1",
        usage: {},
      }),
    ],
    want: [
      `gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="chat",${models("alias", "acme-mini", "acme-mini-1")}} 1`,
      `gen_ai_server_request_duration_seconds_sum{gen_ai_operation_name="chat",${models("alias", "acme-mini", "acme-mini-1")}} 0.8124`,
    ],
  },
  {
    name: "errors: the duration alone, of an unknown response model",
    exchanges: [settledWith({ isError: true, responseModel: undefined, usage: {}, durationMs: 5 })],
    want: [
      `gen_ai_server_request_duration_seconds_count{error_type="_OTHER",gen_ai_operation_name="chat",${models("acme-chat", "acme-chat", "unknown")}} 1`,
      `gen_ai_server_request_duration_seconds_sum{error_type="_OTHER",gen_ai_operation_name="chat",${models("acme-chat", "acme-chat", "unknown")}} 0.005`,
    ],
  },
  {
    name: "a stream: both token times",
    exchanges: [settledWith({ isStream: true, usage: {}, firstTokenMs: 250, perOutputTokenMs: 20 })],
    want: [
      `gen_ai_server_request_duration_seconds_count{${chat}} 1`,
      `gen_ai_server_request_duration_seconds_sum{${chat}} 0.8124`,
      `gen_ai_server_time_per_output_token_seconds_count{${chat}} 1`,
      `gen_ai_server_time_per_output_token_seconds_sum{${chat}} 0.02`,
      `gen_ai_server_time_to_first_token_seconds_count{${chat}} 1`,
      `gen_ai_server_time_to_first_token_seconds_sum{${chat}} 0.25`,
    ],
  },
  {
    name: "a client that left: what was seen until then, as an error",
    exchanges: [
      settledWith({ isStream: true, isError: true, firstTokenMs: 250, usage: { inputTokens: 13 } }),
    ],
    want: [
      `gen_ai_client_token_usage_count{${chat},gen_ai_token_type="input"} 1`,
      `gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="input"} 13`,
      `gen_ai_server_request_duration_seconds_count{error_type="_OTHER",${chat}} 1`,
      `gen_ai_server_request_duration_seconds_sum{error_type="_OTHER",${chat}} 0.8124`,
      `gen_ai_server_time_to_first_token_seconds_count{${chat}} 1`,
      `gen_ai_server_time_to_first_token_seconds_sum{${chat}} 0.25`,
    ],
  },
  {
    name: "nothing for exchanges that reached no backend",
    exchanges: [
      settledWith({ backend: undefined, attempts: 0, isError: true, failure: "route_not_found", usage: {} }),
      settledWith({ backend: undefined, attempts: 0, isError: true, failure: "invalid_request", usage: {} }),
    ],
    want: [],
  },
  {
    name: "a request without a model as unknown",
    exchanges: [
      settledWith({
        operation: "tokenize",
        originalModel: "",
        requestModel: "",
        responseModel: "",
        usage: {},
      }),
    ],
    want: [
      `gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="tokenize",${models("unknown", "unknown", "unknown")}} 1`,
      `gen_ai_server_request_duration_seconds_sum{gen_ai_operation_name="tokenize",${models("unknown", "unknown", "unknown")}} 0.8124`,
    ],
  },
];

test.each(cases)("GenAiMetrics counts $name", ({ exchanges, want }) => {
  expect(totals(scrape(exchanges))).toEqual(want);
});

test.each<[SchemaName, string]>([
  ["OpenAI", "openai"],
  ["AzureOpenAI", "azure.openai"],
  ["AWSBedrock", "aws.bedrock"],
  ["AWSAnthropic", "aws.anthropic"],
  ["GCPVertexAI", "gcp.vertex_ai"],
  ["GCPAnthropic", "gcp.anthropic"],
  ["Anthropic", "anthropic"],
  ["Cohere", "cohere"],
])("a backend of schema %s is provider %s", (schema, provider) => {
  const lines = scrape([settledWith({ backend: backendOf(schema), usage: {} })]);
  expect(totals(lines)[0]).toContain(`gen_ai_provider_name="${provider}"`);
});

describe("mapped headers", () => {
  const headerLabels = [
    { attribute: "tenant_id", headers: ["x-tenant-id"] },
    { attribute: "team", headers: ["x-team", "x-group"] },
  ];
  test.each([
    ["sent", { "x-tenant-id": "t-7", "x-team": "red", "x-group": "no" }, ',team="red",tenant_id="t-7"'],
    ["sent empty", { "x-tenant-id": "" }, ',tenant_id=""'],
    ["not sent", {}, ""],
    ["sent under the second name", { "x-group": "blue" }, ',team="blue"'],
  ])("%s", (_, headers, labels) => {
    const lines = scrape([settledWith({ headers: new Headers(headers), usage: {} })], { headerLabels });
    expect(lines).toContain(`gen_ai_server_request_duration_seconds_count{${chat},${scope}${labels}} 1`);
  });

  test("tell exchanges apart, an empty value from none too", () => {
    const sent = [
      {},
      { "x-tenant-id": "" },
      { "x-tenant-id": "-" },
      { "x-team": "-" },
      { "x-tenant-id": "" },
    ];
    const exchanges = sent.map((headers) => settledWith({ headers: new Headers(headers), usage: {} }));
    const lines = totals(scrape(exchanges, { headerLabels })).filter((line) => line.includes("_count"));
    expect(lines.map((line) => line.slice(-2)).sort()).toEqual([" 1", " 1", " 1", " 2"]);
  });
});

describe("the guard of cardinality", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => settledWith({ originalModel: `m-${i}` }));

  test("counts what is beyond the limit as other, loses nothing and says so once", () => {
    const log = listeningLog();
    const lines = totals(scrape([...many(30), ...many(30)], { maxSeries: 10, log }));
    const durations = lines.filter((line) => line.startsWith("gen_ai_server_request_duration_seconds_count"));
    expect(durations).toHaveLength(11);
    expect(durations).toContain(
      `gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="chat",${models("other", "other", "other")}} 40`,
    );
    expect(log.lines).toEqual([
      'warn Too many label sets in metrics: further models and mapped headers are counted as "other" {"limit":10}',
    ]);
    const tokens = lines.filter((line) => line.startsWith("gen_ai_client_token_usage_count"));
    expect(tokens).toHaveLength(12);
    expect(tokens.map((line) => Number(line.split(" ").at(-1))).reduce((sum, value) => sum + value)).toBe(
      120,
    );
  });

  test("keeps operation and provider apart in what is beyond, and hides mapped headers", () => {
    const headerLabels = [{ attribute: "team", headers: ["x-team"] }];
    const lines = scrape(
      [...many(3), settledWith({ operation: "messages", backend: backendOf("Anthropic"), usage: {} })],
      { maxSeries: 3, headerLabels },
    );
    expect(lines).toContain(
      `gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="messages",${models("other", "other", "other", "anthropic")},${scope},team="other"} 1`,
    );
  });

  test("cuts long values and joins those that differ only in broken halves of characters", () => {
    const lines = totals(
      scrape([
        settledWith({ originalModel: "x".repeat(5000), usage: {} }),
        settledWith({ originalModel: "x".repeat(6000), usage: {} }),
        settledWith({ originalModel: "\ud800", usage: {} }),
        settledWith({ originalModel: "\ud801", usage: {} }),
      ]),
    ).filter((line) => line.includes("_count"));
    expect(lines).toEqual([
      `gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="chat",${models("x".repeat(256), "acme-chat", "acme-chat-2026-02-02")}} 2`,
      `gen_ai_server_request_duration_seconds_count{gen_ai_operation_name="chat",${models("\ufffd", "acme-chat", "acme-chat-2026-02-02")}} 2`,
    ]);
  });

  test("does not confuse models whose texts join to the same", () => {
    const lines = totals(
      scrape([
        settledWith({ originalModel: "ab", requestModel: "c", usage: {} }),
        settledWith({ originalModel: "a", requestModel: "bc", usage: {} }),
      ]),
    );
    expect(lines.filter((line) => line.includes("_count"))).toHaveLength(2);
  });
});
