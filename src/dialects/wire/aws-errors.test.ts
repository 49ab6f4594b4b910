import { describe, expect, test } from "bun:test";
import { isAwsKindWord, readAwsError, readAwsException } from "./aws-errors.ts";
import { brokenFrame, cutFrame } from "./aws-event-stream.ts";

const exceptions: [name: string, data: string, want: object][] = [
  [
    "throttlingException",
    '{"message":"slow down"}',
    { kind: "rate-limit", status: 429, message: "slow down" },
  ],
  ["validationException", '{"Message":"no"}', { kind: "invalid-request", status: 400, message: "no" }],
  [
    "modelStreamErrorException",
    '{"originalMessage":"oops","originalStatusCode":500}',
    { kind: "upstream", status: 424, message: "oops" },
  ],
  ["modelTimeoutException", "{}", { kind: "timeout", status: 408, message: "{}" }],
  ["serviceUnavailableException", "later", { kind: "overloaded", status: 503, message: "later" }],
  ["somethingNewException", '{"message":"?"}', { kind: "upstream", status: 500, message: "?" }],
  [cutFrame, '{"message":"cut"}', { kind: "stream-cut", status: 502, message: "cut" }],
  [brokenFrame, '{"message":"broken"}', { kind: "upstream", status: 502, message: "broken" }],
];

test.each(exceptions)("readAwsException reads %s %s", (event, data, want) => {
  expect(readAwsException({ event, data, isException: true })).toMatchObject({ type: event, ...want });
});

interface ErrorCase {
  name: string;
  headers?: Record<string, string>;
  text: string;
  want: object;
}

const errors: ErrorCase[] = [
  {
    name: "the type in the header",
    headers: { "x-amzn-errortype": "ThrottlingException", "x-amzn-requestid": "r-1" },
    text: '{"message":"Slow."}',
    want: {
      kind: "rate-limit",
      status: 429,
      type: "ThrottlingException",
      message: "Slow.",
      requestId: "r-1",
    },
  },
  {
    name: "the type without the address behind it",
    headers: { "x-amzn-errortype": "ServiceUnavailableException:http://internal.example/" },
    text: '{"Message":"Later."}',
    want: { type: "ServiceUnavailableException", message: "Later." },
  },
  {
    name: "the type in the body",
    text: '{"__type":"com.amazon.coral#AccessDeniedException","message":"No."}',
    want: { type: "AccessDeniedException", message: "No." },
  },
  { name: "a code in the body", text: '{"code":"Odd","message":"No."}', want: { type: "Odd" } },
  {
    name: "JSON without message and type as it is",
    text: '{"why":"?"}',
    want: { type: "AWSBedrockBackendError", message: '{"why":"?"}' },
  },
  {
    name: "HTML as it is, whatever the header says",
    headers: { "x-amzn-errortype": "X" },
    text: "<h1>Unavailable</h1>",
    want: { type: "AWSBedrockBackendError", message: "<h1>Unavailable</h1>" },
  },
];

describe("readAwsError", () => {
  test.each(errors)("reads $name", ({ headers, text, want }) => {
    expect(readAwsError({ status: 429, headers: new Headers(headers), text })).toMatchObject(want);
  });
});

const kindWords: [type: string, status: number, isKindWord: boolean][] = [
  ["ValidationException", 400, true],
  ["ThrottlingException", 429, true],
  ["ServiceQuotaExceededException", 429, false],
  ["ThrottlingException", 400, false],
];

test.each(kindWords)("%s of %d says just what its kind says: %p", (type, status, isKindWord) => {
  const headers = new Headers({ "x-amzn-errortype": type });
  expect(isAwsKindWord(readAwsError({ status, headers, text: "{}" }))).toBe(isKindWord);
});
