import { expect, test } from "bun:test";
import { HeaderList } from "./header-list.ts";

function listOf(...lines: readonly [string, string][]): HeaderList {
  const list = new HeaderList();
  for (const [name, value] of lines) list.append(name, value);
  return list;
}

test("lines of one name are joined when asked for, and are still two for the client", async () => {
  const list = listOf(["set-cookie", "a=1"], ["vary", "accept"], ["set-cookie", "b=2"], ["vary", "origin"]);
  expect([list.get("vary"), list.get("server"), list.has("set-cookie")]).toEqual([
    "accept, origin",
    null,
    true,
  ]);
  const { headers } = new Response(null, { headers: list.toInit() });
  expect([headers.getSetCookie(), headers.get("vary")]).toEqual([["a=1", "b=2"], "accept, origin"]);
});

test("a line that is set takes the place of all of its name", () => {
  const list = listOf(["content-type", "text/html"], ["x-a", "1"], ["content-type", "text/plain"]);
  list.set("content-type", "application/json");
  expect(list.toInit()).toEqual({ "x-a": "1", "content-type": "application/json" });
});

test("names that every object has are ordinary names here", () => {
  const list = listOf(["constructor", "a"], ["__proto__", "b"]);
  const { headers } = new Response(null, { headers: list.toInit() });
  expect([headers.get("constructor"), headers.get("__proto__")]).toEqual(["a", "b"]);
});
