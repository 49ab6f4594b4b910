import { expect, test } from "bun:test";
import type { GatewayModel } from "../../../model/gateway.ts";
import { writeCelFilter } from "./cel-filter.ts";
import { FactCollector } from "./log-facts.ts";

const model = {
  access: {},
  aiBackends: { a: { headers: { remove: ["x-gone"], set: [["x-set", "1"]], add: [] } } },
} as unknown as GatewayModel;

const kept = "metadata.filter_metadata['aigw.request']";

const cases: readonly { source: string; written: string }[] = [
  { source: "response.code >= 400", written: "response.code >= 400" },
  { source: "request.headers['x-other'] == 'a'", written: "request.headers['x-other'] == 'a'" },
  { source: "request.headers['x-ai-eg-model'] != ''", written: `${kept}["x-ai-eg-model"] != ''` },
  { source: `request.headers["X-AI-EG-MODEL"] != ""`, written: `${kept}["x-ai-eg-model"] != ""` },
  { source: "request . headers [ 'authorization' ] != ''", written: `${kept}["authorization"] != ''` },
  { source: "request.headers['x-set'] == '1'", written: `${kept}["x-set"] == '1'` },
  { source: "request.path == '/v1'", written: `${kept}["@path"] == '/v1'` },
  { source: "request.url_path == '/v1'", written: `${kept}["url_path"] == '/v1'` },
  { source: "request.host == 'x' || true", written: `${kept}["@authority"] == 'x' || true` },
  { source: "'x-gone' in request.headers", written: `"x-gone" in ${kept}` },
  { source: "'x-other' in request.headers", written: "'x-other' in request.headers" },
  // Text is text, and a member of something else is not the request's.
  { source: `"request.path" == 'request.host'`, written: `"request.path" == 'request.host'` },
  { source: "x.request.path == '/v1'", written: "x.request.path == '/v1'" },
  { source: "requests.path == my_request.path", written: "requests.path == my_request.path" },
  { source: `"\\"" + request.path`, written: `"\\"" + ${kept}["@path"]` },
];

test.each(cases)("writeCelFilter writes $source", ({ source, written }) => {
  expect(writeCelFilter(source, new FactCollector(model, []))).toBe(written);
});

test("what filters ask of the request is kept, credentials only as such", () => {
  const facts = new FactCollector(model, [{ attribute: "session.id", headers: ["a", "b"] }]);
  writeCelFilter("request.headers['x-ai-eg-model'] == request.headers['x-api-key']", facts);
  expect(facts.facts.routed).toEqual([{ key: "x-ai-eg-model", headers: [{ name: "x-ai-eg-model" }] }]);
  expect(facts.facts.client).toEqual([
    {
      key: "session.id",
      headers: [
        { name: "a", namespace: "io.envoy.ai_gateway" },
        { name: "b", namespace: "io.envoy.ai_gateway" },
      ],
    },
    { key: "@path", headers: [{ name: ":path" }] },
    {
      key: "x-api-key",
      headers: [{ name: "x-api-key", rewrite: { pattern: ".+", substitution: "[REDACTED]" } }],
    },
  ]);
});
