import { expect, test } from "bun:test";
import type { AccessLog } from "../../model/access-log.ts";
import { parseTemplate } from "../../policy/template.ts";
import type { RequestRecord } from "../request-record.ts";
import { backendOf, recordWith, settledWith } from "../testing.ts";
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

/** What one format string makes of a record, as JSON and as text. */
function both(text: string, record: RequestRecord): [json: unknown, text: string] {
  const line = writeOf(json({ value: text }))(record);
  return [JSON.parse(line).value, writeOf({ type: "text", text: parseTemplate(text) })(record).slice(0, -1)];
}

const values: {
  name: string;
  text: string;
  record?: Partial<RequestRecord>;
  json: unknown;
  plain: string;
}[] = [
  { name: "a number", text: "%RESPONSE_CODE%", json: 200, plain: "200" },
  { name: "a missing value", text: "%ROUTE_NAME%", record: { routeName: undefined }, json: null, plain: "-" },
  { name: "no flags", text: "%RESPONSE_FLAGS%", record: { responseFlags: "" }, json: "-", plain: "-" },
  { name: "flags", text: "%RESPONSE_FLAGS%", record: { responseFlags: "NR" }, json: "NR", plain: "NR" },
  { name: "details", text: "%RESPONSE_CODE_DETAILS%", json: "via_upstream", plain: "via_upstream" },
  { name: "a length", text: "%PROTOCOL:4%", json: "HTTP", plain: "HTTP" },
  { name: "a length that is not reached", text: "%PROTOCOL:40%", json: "HTTP/1.1", plain: "HTTP/1.1" },
  { name: "a length on a number", text: "%DURATION:1%", json: 812, plain: "812" },
  { name: "attempts", text: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", json: 1, plain: "1" },
  { name: "a response header", text: "%RESP(SERVER)%", json: "up", plain: "up" },
  { name: "the alternative header", text: "%REQ(X-NONE?USER-AGENT)%", json: "test/1", plain: "test/1" },
  { name: "the first of two headers", text: "%REQ(USER-AGENT?:METHOD)%", json: "test/1", plain: "test/1" },
  { name: "the authority", text: "%REQ(:AUTHORITY)%", json: "127.0.0.1:1975", plain: "127.0.0.1:1975" },
  { name: "a pseudo header nobody knows", text: "%REQ(:PROTOCOL)%", json: null, plain: "-" },
  {
    name: "the time in a format",
    text: "%START_TIME(%s.%3f)%",
    json: "1772359200.007",
    plain: "1772359200.007",
  },
  {
    name: "an address without its port",
    text: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    record: { remoteAddress: () => "[::1]:50123" },
    json: "::1",
    plain: "::1",
  },
  {
    name: "a bare IPv6 address",
    text: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    record: { remoteAddress: () => "fe80::1" },
    json: "fe80::1",
    plain: "fe80::1",
  },
  {
    name: "forwarded addresses with the client's behind",
    text: "%REQ(X-FORWARDED-FOR)%",
    record: { requestHeaders: new Headers({ "x-forwarded-for": "10.0.0.1" }) },
    json: "10.0.0.1, 127.0.0.1",
    plain: "10.0.0.1, 127.0.0.1",
  },
  {
    name: "the gateway's request id, not the client's word",
    text: "%REQ(X-REQUEST-ID)%",
    record: { requestId: "own", requestHeaders: new Headers({ "x-request-id": "client" }) },
    json: "own",
    plain: "own",
  },
  {
    name: "no model that only the client names",
    text: "%REQ(X-AI-EG-MODEL)%",
    record: { model: undefined, requestHeaders: new Headers({ "x-ai-eg-model": "forged" }) },
    json: null,
    plain: "-",
  },
  {
    name: "no internal header that only the client names",
    text: "%REQ(X-AI-EG-MCP-BACKEND)%",
    record: { requestHeaders: new Headers({ "x-ai-eg-mcp-backend": "forged" }) },
    json: null,
    plain: "-",
  },
  {
    name: "a credential only as being there",
    text: "%REQ(AUTHORIZATION)%",
    record: { requestHeaders: new Headers({ authorization: "Bearer sk-123" }) },
    json: "[REDACTED]",
    plain: "[REDACTED]",
  },
  { name: "no credential where none was sent", text: "%REQ(X-API-KEY)%", json: null, plain: "-" },
  {
    name: "a cookie that is set only as being there",
    text: "%RESP(SET-COOKIE)%",
    record: { responseHeaders: new Headers({ "set-cookie": "a=b" }) },
    json: "[REDACTED]",
    plain: "[REDACTED]",
  },
  { name: "the route", text: metadata("route_name"), json: "default/aigw-run", plain: "default/aigw-run" },
  {
    name: "the service",
    text: metadata("ai_service_backend_name"),
    json: "default/openai",
    plain: "default/openai",
  },
  { name: "the model sent", text: metadata("model_name_override"), json: "acme-chat", plain: "acme-chat" },
  { name: "a key nobody writes", text: metadata("toString"), json: null, plain: "-" },
  { name: "a nested key", text: "%DYNAMIC_METADATA(io.envoy.ai_gateway:a:b)%", json: null, plain: "-" },
  { name: "another namespace", text: "%DYNAMIC_METADATA(envoy.lb:route_name)%", json: null, plain: "-" },
  {
    name: "token latencies",
    text: metadata("token_latency_ttft"),
    record: { settled: settledWith({ isStream: true, firstTokenMs: 250.9, perOutputTokenMs: 12.5 }) },
    json: 250,
    plain: "250",
  },
  {
    name: "the time between tokens",
    text: metadata("token_latency_itl"),
    record: { settled: settledWith({ isStream: true, firstTokenMs: 250.9, perOutputTokenMs: 12.5 }) },
    json: 12.5,
    plain: "12.5",
  },
  {
    name: "a cost, which is no key of the exchange's own",
    text: metadata("route_name"),
    record: { settled: settledWith({ costs: { route_name: 5 } }) },
    json: "default/aigw-run",
    plain: "default/aigw-run",
  },
  {
    name: "the second header of a mapped attribute where the first is empty",
    text: metadata("team"),
    record: { requestHeaders: new Headers({ "x-team": "", "x-group": "blue" }) },
    json: "blue",
    plain: "blue",
  },
  {
    name: "no model sent before a backend was chosen",
    text: metadata("model_name_override"),
    record: { settled: settledWith({ backend: undefined }) },
    json: null,
    plain: "-",
  },
  {
    name: "a mapped header without an exchange",
    text: metadata("session.id"),
    record: { settled: undefined },
    json: "s-17",
    plain: "s-17",
  },
  {
    name: "a provider's backend",
    text: metadata("backend_name"),
    record: { settled: settledWith({ backend: { ...backendOf("Anthropic"), key: "k" }, isError: true }) },
    json: "k",
    plain: "k",
  },
];

test.each(values)("formats write $name", ({ text, record = {}, json: wantJson, plain }) => {
  expect(both(text, recordWith(record))).toEqual([wantJson, plain]);
});

test("start times are exact across seconds, backwards too", () => {
  const write = writeOf(json({ t: "%START_TIME%" }));
  const times = [0, 999, 1000, 1001, 500, 59_999, 60_000, 1.7, 1_772_359_200_007];
  const written = times.map((startedAtMs) => JSON.parse(write(recordWith({ startedAtMs }))).t);
  expect(written).toEqual(times.map((ms) => new Date(ms).toISOString()));
});
