import { expect, test } from "bun:test";
import { AttemptEdits, type HeaderEdits } from "./attempt-edits.ts";
import { EnvoyHeaders } from "./envoy-headers.ts";

type Lines = { readonly [name: string]: string };

function headersOf(lines: Lines): EnvoyHeaders {
  const headers = new EnvoyHeaders();
  for (const [name, value] of Object.entries(lines)) headers.add(name, value);
  return headers;
}

function apply(lines: Lines, { remove, set }: HeaderEdits): Lines {
  const left = Object.fromEntries(Object.entries(lines).filter(([name]) => !remove.includes(name)));
  return { ...left, ...Object.fromEntries(set) };
}

const client: Lines = {
  ":path": "/v1/x",
  authorization: "client",
  "content-type": "json",
  "x-keep": "1",
  "x-ai-eg-model": "m",
  "x-amz-date": "now",
};
const messages = [
  {
    path: "/a",
    remove: ["authorization"],
    removePrefixes: ["x-ai-eg-", "x-amz-"],
    set: [
      ["x-a", "1"],
      ["content-type", "form"],
    ],
  },
  { path: "/b", remove: [], removePrefixes: ["x-ai-eg-"], set: [["authorization", "b"]] },
  { path: "/c", remove: ["x-a", "absent"], removePrefixes: ["x-ai-eg-"], set: [] },
] as const;
const wanted: readonly Lines[] = [
  { ":path": "/a", "content-type": "form", "x-keep": "1", "x-ai-eg-model": "m", "x-a": "1" },
  { ...client, ":path": "/b", authorization: "b" },
  { ...client, ":path": "/c" },
];

test.each([
  { name: "the client's headers anew", isShared: false },
  { name: "what the attempt before has left", isShared: true },
])("each attempt gets what it wants where Envoy starts it from $name", ({ isShared }) => {
  const edits = new AttemptEdits();
  let current = client;
  for (const [index, message] of messages.entries()) {
    const found = isShared ? current : client;
    current = apply(found, edits.next(message, headersOf(client), headersOf(found)));
    expect(current).toEqual(wanted[index] ?? {});
  }
});

test("nothing is removed that is not there", () => {
  const message = {
    path: "/a",
    remove: ["x-api-key"],
    removePrefixes: ["x-none-"],
    set: [],
  };
  expect(new AttemptEdits().next(message, headersOf(client), headersOf(client)).remove).toEqual([]);
});
