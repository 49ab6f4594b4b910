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

const client: Lines = { ":path": "/v1/x", authorization: "client", "content-type": "json", "x-keep": "1" };
const messages = [
  {
    path: "/a",
    remove: ["authorization"],
    set: [
      ["x-a", "1"],
      ["content-type", "form"],
    ],
  },
  { path: "/b", remove: [], set: [["authorization", "b"]] },
  { path: "/c", remove: ["x-a", "absent"], set: [] },
] as const;
const wanted: readonly Lines[] = [
  { ":path": "/a", "content-type": "form", "x-keep": "1", "x-a": "1" },
  { ":path": "/b", authorization: "b", "content-type": "json", "x-keep": "1" },
  { ":path": "/c", authorization: "client", "content-type": "json", "x-keep": "1" },
];

test.each([
  { name: "the client's headers anew", isShared: false },
  { name: "what the attempt before has left", isShared: true },
])("each attempt gets what it wants where Envoy starts it from $name", ({ isShared }) => {
  const edits = new AttemptEdits();
  let current = client;
  for (const [index, message] of messages.entries()) {
    const rest = { body: new Uint8Array(), isBodyReplaced: false };
    const found = isShared ? current : client;
    current = apply(found, edits.next({ ...message, ...rest }, headersOf(client), headersOf(found)));
    expect(current).toEqual(wanted[index] ?? {});
  }
});

test("nothing is removed that is not there", () => {
  const message = {
    path: "/a",
    remove: ["x-api-key"],
    set: [],
    body: new Uint8Array(),
    isBodyReplaced: false,
  };
  expect(new AttemptEdits().next(message, headersOf(client), headersOf(client)).remove).toEqual([]);
});
