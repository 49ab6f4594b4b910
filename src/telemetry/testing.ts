import type { Settled } from "../exchange/settled.ts";
import type { AiBackend, SchemaName } from "../model/ai.ts";
import type { LogFields, Logger } from "./logger.ts";
import type { RequestRecord } from "./request-record.ts";

/** A log whose lines can be looked at. */
export function listeningLog(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (message: string, fields?: LogFields) => {
    lines.push(`${level} ${message}${fields === undefined ? "" : ` ${JSON.stringify(fields)}`}`);
  };
  return {
    lines,
    isOn: () => true,
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

export function backendOf(schema: SchemaName): AiBackend {
  return {
    at: 0,
    key: "default/openai/route/aigw-run/rule/0/ref/0",
    print: "p",
    backendName: "default/openai",
    routeName: "default/aigw-run",
    schema: { name: schema },
    headers: { remove: [], set: [], add: [] },
    body: [],
  };
}

/** A good chat answer, apart from what is given. */
export function settledWith(change: Partial<Settled> = {}): Settled {
  return {
    endpoint: "chat",
    operation: "chat",
    requestId: "r-1",
    backend: backendOf("OpenAI"),
    attempts: 1,
    originalModel: "acme-chat",
    requestModel: "acme-chat",
    responseModel: "acme-chat-2026-02-02",
    usage: { inputTokens: 13, outputTokens: 9, totalTokens: 22 },
    isStream: false,
    isError: false,
    failure: undefined,
    outcome: { status: 200, isComplete: true },
    durationMs: 812.4,
    firstTokenMs: undefined,
    perOutputTokenMs: undefined,
    costs: undefined,
    headers: new Headers(),
    trace: undefined,
    ...change,
  };
}

/** The request of that answer, apart from what is given. */
export function recordWith(change: Partial<RequestRecord> = {}): RequestRecord {
  return {
    startedAtMs: Date.UTC(2026, 2, 1, 10, 0, 0, 7),
    durationMs: 812.4,
    method: "POST",
    path: "/v1/chat/completions?x=1",
    upstreamPath: "/api/v1/chat/completions",
    protocol: "HTTP/1.1",
    authority: "127.0.0.1:1975",
    requestHeaders: new Headers({ "user-agent": "test/1", "agent-session-id": "s-17" }),
    responseHeaders: new Headers({ server: "up" }),
    requestId: "7b0c9f6e-1d1f-4a9e-9a51-000000000001",
    status: 200,
    bytesReceived: 120,
    bytesSent: 480,
    upstreamServiceMs: 640.9,
    upstreamHost: "api.example.com:443",
    upstreamCluster: "httproute/default/aigw-run/rule/0",
    routeName: "httproute/default/aigw-run/rule/0/match/0/*",
    upstreamFailure: undefined,
    responseFlags: "-",
    responseDetails: "via_upstream",
    downstreamLocalAddress: "127.0.0.1:1975",
    remoteAddress: () => "127.0.0.1:50123",
    settled: settledWith({
      costs: { llm_input_token: 13, llm_output_token: 9, llm_reasoning_token: 0 },
    }),
    model: "acme-chat",
    ...change,
  };
}
