import { expect, test } from "bun:test";
import { LineRedactor } from "./line-redactor.ts";

const cases: readonly { name: string; lines: string[]; want: string[] }[] = [
  {
    name: "headers as the connection manager and the router list them",
    lines: ["':path', '/v1'", "'authorization', 'Bearer a'", "'X-Api-Key', 'b'", "'user-agent', 'it''s'"],
    want: [
      "':path', '/v1'",
      "'authorization', '[REDACTED]'",
      "'X-Api-Key', '[REDACTED]'",
      "'user-agent', 'it''s'",
    ],
  },
  {
    name: "headers as the codec reads them",
    lines: [
      "[x][trace][http] completed header: key=host value=a",
      "[x][trace][http] completed header: key=x-aigw-api-key value=a b",
    ],
    want: [
      "[x][trace][http] completed header: key=host value=a",
      "[x][trace][http] completed header: key=x-aigw-api-key value=[REDACTED]",
    ],
  },
  {
    name: "messages of ext_proc",
    lines: [
      '  key: "authorization"',
      '  raw_value: "Bearer a"',
      '  key: ":path"',
      '  raw_value: "/v1"',
      '  value: "c"',
    ],
    want: [
      '  key: "authorization"',
      '  raw_value: "[REDACTED]"',
      '  key: ":path"',
      '  raw_value: "/v1"',
      '  value: "c"',
    ],
  },
  {
    name: "other lines not at all",
    lines: ["[x][warning][config] authorization is a word", ""],
    want: ["[x][warning][config] authorization is a word", ""],
  },
];

test.each(cases)("LineRedactor redacts $name", ({ lines, want }) => {
  const redactor = new LineRedactor();
  expect(lines.map((line) => redactor.redact(line))).toEqual(want);
});
