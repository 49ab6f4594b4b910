import { describe, expect, test } from "bun:test";
import type { AccessLog } from "../../model/access-log.ts";
import { parseTemplate } from "../../policy/template.ts";
import { recordWith, settledWith } from "../testing.ts";
import { compileLine } from "./line.ts";

const mapped = [
  { attribute: "session.id", headers: ["agent-session-id"] },
  { attribute: "team", headers: ["x-team", "x-group"] },
];

function json(members: { [name: string]: string }): AccessLog["format"] {
  return {
    type: "json",
    members: Object.entries(members).map(([name, text]) => [name, parseTemplate(text)] as const),
  };
}

const writeOf = (format: AccessLog["format"]) => compileLine(format, mapped);
const metadata = (key: string) => `%DYNAMIC_METADATA(io.envoy.ai_gateway:${key})%`;

/** The format that is generated for LLM requests from the environment's configuration. */
const llmMembers = {
  "gen_ai.request.model": "%REQ(X-AI-EG-MODEL)%",
  "gen_ai.response.model": metadata("response_model"),
  "gen_ai.provider.name": metadata("backend_name"),
  "gen_ai.usage.input_tokens": metadata("llm_input_token"),
  "gen_ai.usage.output_tokens": metadata("llm_output_token"),
  "gen_ai.usage.reasoning_tokens": metadata("llm_reasoning_token"),
  "session.id": metadata("session.id"),
  start_time: "%START_TIME%",
  method: "%REQ(:METHOD)%",
  "request.path": "%REQ(:PATH)%",
  "x-envoy-origin-path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  response_code: "%RESPONSE_CODE%",
  connection_termination_details: "%CONNECTION_TERMINATION_DETAILS%",
  upstream_transport_failure_reason: "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
  bytes_received: "%BYTES_RECEIVED%",
  bytes_sent: "%BYTES_SENT%",
  duration: "%DURATION%",
  "x-envoy-upstream-service-time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
  "x-forwarded-for": "%REQ(X-FORWARDED-FOR)%",
  "user-agent": "%REQ(USER-AGENT)%",
  "x-request-id": "%REQ(X-REQUEST-ID)%",
  upstream_host: "%UPSTREAM_HOST%",
  upstream_cluster: "%UPSTREAM_CLUSTER%",
  upstream_local_address: "%UPSTREAM_LOCAL_ADDRESS%",
  downstream_local_address: "%DOWNSTREAM_LOCAL_ADDRESS%",
  downstream_remote_address: "%DOWNSTREAM_REMOTE_ADDRESS%",
};

describe("the log of LLM requests", () => {
  const write = writeOf(json(llmMembers));

  test("says of a good answer all it knows, each value in its type", () => {
    expect(JSON.parse(write(recordWith()))).toEqual({
      bytes_received: 120,
      bytes_sent: 480,
      connection_termination_details: null,
      downstream_local_address: "127.0.0.1:1975",
      downstream_remote_address: "127.0.0.1:50123",
      duration: 812,
      "gen_ai.provider.name": "default/openai/route/aigw-run/rule/0/ref/0",
      "gen_ai.request.model": "acme-chat",
      "gen_ai.response.model": "acme-chat-2026-02-02",
      "gen_ai.usage.input_tokens": 13,
      "gen_ai.usage.output_tokens": 9,
      "gen_ai.usage.reasoning_tokens": 0,
      method: "POST",
      "request.path": "/api/v1/chat/completions",
      response_code: 200,
      "session.id": "s-17",
      start_time: "2026-03-01T10:00:00.007Z",
      upstream_cluster: "httproute/default/aigw-run/rule/0",
      upstream_host: "api.example.com:443",
      upstream_local_address: null,
      upstream_transport_failure_reason: null,
      "user-agent": "test/1",
      "x-envoy-origin-path": "/v1/chat/completions?x=1",
      "x-envoy-upstream-service-time": "640",
      "x-forwarded-for": "127.0.0.1",
      "x-request-id": "7b0c9f6e-1d1f-4a9e-9a51-000000000001",
    });
  });

  test("keeps the backend of a failed answer and leaves its tokens null", () => {
    const failed = recordWith({
      status: 429,
      requestHeaders: new Headers(),
      settled: settledWith({ isError: true, responseModel: undefined, usage: {} }),
    });
    expect(JSON.parse(write(failed))).toMatchObject({
      response_code: 429,
      "gen_ai.provider.name": "default/openai/route/aigw-run/rule/0/ref/0",
      "gen_ai.response.model": null,
      "gen_ai.usage.input_tokens": null,
      "gen_ai.usage.reasoning_tokens": null,
      "session.id": null,
      "user-agent": null,
    });
  });

  test("says nothing of an exchange where there was none", () => {
    const plain = recordWith({
      settled: undefined,
      model: undefined,
      upstreamPath: undefined,
      upstreamHost: undefined,
      upstreamServiceMs: undefined,
      responseHeaders: undefined,
      remoteAddress: () => undefined,
    });
    expect(JSON.parse(write(plain))).toMatchObject({
      "gen_ai.request.model": null,
      "gen_ai.provider.name": null,
      "request.path": "/v1/chat/completions?x=1",
      upstream_host: null,
      "x-envoy-upstream-service-time": null,
      "x-forwarded-for": null,
      downstream_remote_address: null,
    });
  });
});

test("JSON members come sorted, constants and mixed texts as strings", () => {
  const write = writeOf(
    json({ b: "%DURATION%ms of %ROUTE_NAME%", a: 'say "hi" 100%%', "c\n": "", aa: "%DURATION%" }),
  );
  expect(write(recordWith({ routeName: undefined }))).toBe(
    '{"a":"say \\"hi\\" 100%","aa":812,"b":"812ms of -","c\\n":""}\n',
  );
  expect(writeOf({ type: "json", members: [] })(recordWith())).toBe("{}\n");
  expect(writeOf(json({ a: "x" }))(recordWith())).toBe('{"a":"x"}\n');
});

test("JSON values that change from line to line are never those of the line before", () => {
  const write = writeOf(
    json({ path: "%REQ(:PATH)%", code: "%RESPONSE_CODE%", model: "%REQ(X-AI-EG-MODEL)%" }),
  );
  const lines = [
    { upstreamPath: "/a", status: 200, model: undefined },
    { upstreamPath: "/b", status: 404, model: 'a"b' },
    { upstreamPath: "/b", status: 404, model: "" },
    { upstreamPath: "/a", status: 200, model: undefined },
  ].map((change) => JSON.parse(write(recordWith(change))));
  expect(lines).toEqual([
    { path: "/a", code: 200, model: null },
    { path: "/b", code: 404, model: 'a"b' },
    { path: "/b", code: 404, model: "" },
    { path: "/a", code: 200, model: null },
  ]);
});

test("text lines end once and cannot be forged", () => {
  const forging = recordWith({ model: "a\n[2026] fake\u001b[2J" });
  const withoutBreak = writeOf({
    type: "text",
    text: parseTemplate("[%START_TIME%] %REQ(X-AI-EG-MODEL)% %DURATION%ms"),
  });
  expect(withoutBreak(forging)).toBe("[2026-03-01T10:00:00.007Z] a\\x0a[2026] fake\\x1b[2J 812ms\n");
  const withBreak = writeOf({ type: "text", text: parseTemplate("%RESPONSE_CODE%\n") });
  expect(withBreak(forging)).toBe("200\n");
});
