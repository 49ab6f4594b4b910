import { expect, test } from "bun:test";
import { type FailureCode, failureStatus } from "../model/failure.ts";
import type { FailureFacts } from "./endpoint.ts";
import { failureWriters, noRouteMessage } from "./write-failure.ts";

const facts = (code: FailureCode, message = 'a "quoted"\nline'): FailureFacts => ({
  code,
  status: failureStatus[code],
  message,
  requestId: "req-1",
});

test("OpenAI clients get the gateway's own shape", () => {
  const answer = failureWriters.openai(facts("route_not_found", noRouteMessage));
  expect(answer).toMatchObject({ status: 404, failure: "route_not_found" });
  expect(answer.headers).toEqual([
    ["content-type", "application/json"],
    ["x-request-id", "req-1"],
  ]);
  expect(JSON.parse(answer.body)).toEqual({
    type: "error",
    error: { type: "NotFound", code: "404", message: noRouteMessage },
  });
});

test("Anthropic clients get Anthropic's words and the request's id", () => {
  const answer = failureWriters.anthropic(facts("missing_credential"));
  expect(answer.headers).toEqual([
    ["content-type", "application/json"],
    ["request-id", "req-1"],
  ]);
  expect(JSON.parse(answer.body)).toEqual({
    type: "error",
    error: { type: "authentication_error", message: 'a "quoted"\nline' },
    request_id: "req-1",
  });
});

test("Cohere clients get a message", () => {
  expect(JSON.parse(failureWriters.cohere(facts("internal")).body)).toEqual({ message: 'a "quoted"\nline' });
});

test("no header and no member without a request id", () => {
  const answer = failureWriters.anthropic({ ...facts("internal"), requestId: "" });
  expect(answer.headers).toEqual([["content-type", "application/json"]]);
  expect(JSON.parse(answer.body)).not.toHaveProperty("request_id");
});

const officialTypes = [
  "invalid_request_error",
  "authentication_error",
  "billing_error",
  "permission_error",
  "not_found_error",
  "timeout_error",
  "request_too_large",
  "rate_limit_error",
  "api_error",
  "overloaded_error",
];

test.each(Object.keys(failureStatus) as FailureCode[])("%s has words for every family", (code) => {
  const openAi = JSON.parse(failureWriters.openai(facts(code)).body).error;
  expect(openAi).toMatchObject({
    type: expect.stringMatching(/^[A-Z]\w+$/),
    code: String(failureStatus[code]),
  });
  expect(officialTypes).toContain(JSON.parse(failureWriters.anthropic(facts(code)).body).error.type);
});
