import { describe, expect, test } from "bun:test";
import { type HeaderAttribute, readHeaderAttributes } from "./header-attributes.ts";
import { isSecretHeader } from "./secret-headers.ts";

const base = "OTEL_AIGW_REQUEST_HEADER_ATTRIBUTES";
const spans = "OTEL_AIGW_SPAN_REQUEST_HEADER_ATTRIBUTES";
const logs = "OTEL_AIGW_LOG_REQUEST_HEADER_ATTRIBUTES";
const metrics = "OTEL_AIGW_METRICS_REQUEST_HEADER_ATTRIBUTES";

const cases: {
  name: string;
  environment: { [name: string]: string };
  want: { metrics: string; spans: string; logs: string };
}[] = [
  {
    name: "nothing set: the session on spans and logs only",
    environment: {},
    want: { metrics: "", spans: "session.id=agent-session-id", logs: "session.id=agent-session-id" },
  },
  {
    name: "a base and a span map: the session stays in logs",
    environment: { [base]: "x-tenant-id:tenant.id", [spans]: "x-user-id:user.id" },
    want: {
      metrics: "tenant.id=x-tenant-id",
      spans: "user.id=x-user-id tenant.id=x-tenant-id",
      logs: "session.id=agent-session-id tenant.id=x-tenant-id",
    },
  },
  {
    name: "empty variables: no session, the base stays",
    environment: { [base]: "x-a:a", [spans]: "", [logs]: " ", [metrics]: "" },
    want: { metrics: "a=x-a", spans: "a=x-a", logs: "a=x-a" },
  },
  {
    name: "one header in both: the signal's attribute wins",
    environment: { [base]: "x-a:a,x-b:b", [metrics]: "X-A:other" },
    want: {
      metrics: "other=x-a b=x-b",
      spans: "session.id=agent-session-id a=x-a b=x-b",
      logs: "session.id=agent-session-id a=x-a b=x-b",
    },
  },
  {
    name: "one attribute from two headers: the signal's is asked first",
    environment: { [base]: "x-a:team,x-b:team", [metrics]: "x-c:team", [logs]: "", [spans]: "" },
    want: { metrics: "team=x-c,x-a,x-b", spans: "team=x-a,x-b", logs: "team=x-a,x-b" },
  },
  {
    name: "spaces and further colons",
    environment: { [metrics]: " x-a : a:b , x-c:c ", [logs]: "", [spans]: "" },
    want: { metrics: "a:b=x-a c=x-c", spans: "", logs: "" },
  },
];

const outline = (list: readonly HeaderAttribute[]) =>
  list.map(({ attribute, headers }) => `${attribute}=${headers.join(",")}`).join(" ");

test.each(cases)("readHeaderAttributes reads $name", ({ environment, want }) => {
  const read = readHeaderAttributes(environment);
  expect({ metrics: outline(read.metrics), spans: outline(read.spans), logs: outline(read.logs) }).toEqual(
    want,
  );
});

describe("readHeaderAttributes refuses", () => {
  test.each([
    ["x-a:a,,x-b:b", "pair 2 is empty"],
    ["x-a:a,", "pair 2 is empty"],
    ["x-a:a, x-team", 'pair 2, "x-team", has no colon'],
    [":a", 'pair 1, ":a", has no header'],
    ["x-a: ", 'pair 1, "x-a:", has no attribute'],
    ["x a:b", 'pair 1: "x a" cannot be the name of a header'],
    ["x-a:a,Authorization:user", 'pair 2: header "authorization" carries a credential'],
    ["cookie:c", 'pair 1: header "cookie" carries a credential'],
  ])("%p in each variable", (text, message) => {
    for (const name of [base, spans, logs, metrics]) {
      expect(() => readHeaderAttributes({ [name]: text })).toThrow(`${name}: ${message}`);
    }
  });
});

test.each([
  ["authorization", true],
  ["api-key", true],
  ["set-cookie", true],
  ["x-aigw-openai-key", true],
  ["x-amz-secret-access-key", true],
  ["my-session-token", true],
  ["agent-session-id", false],
  ["x-tenant-id", false],
  ["x-request-id", false],
])("isSecretHeader says of %s: %p", (name, want) => expect(isSecretHeader(name)).toBe(want));
