import { expect, test } from "bun:test";
import { joinName, joinUri, namingOf, splitName, splitUri } from "./naming.ts";

test.each([
  ["a", "tool", "a__tool"],
  ["a", "b__c", "a__b__c"],
  ["my-server.2", "_x", "my-server.2___x"],
])("the tool of %s called %s is %s for clients, and back", (prefix, bare, name) => {
  expect(joinName(prefix, bare)).toBe(name);
  expect(splitName(name)).toEqual({ prefix, bare });
});

test.each(["", "tool", "__tool", "a_b"])("%p is no name with a prefix", (name) => {
  expect(splitName(name)).toBeUndefined();
});

test.each([
  ["a", "file:///x/y", "a+file:///x/y"],
  ["a", "x+y://z", "a+x+y://z"],
  ["a", "file:///{path}", "a+file:///{path}"],
  ["a", "ui://app/index.html", "ui://a/app/index.html"],
  ["a", "skill://x", "skill://a/x"],
])("the resource of %s at %s is at %s for clients, and back", (prefix, bare, uri) => {
  expect(joinUri(prefix, bare)).toBe(uri);
  expect(splitUri(uri)).toEqual({ prefix, bare });
});

test.each(["", "file:///x", "+file:///x", "ui://a", "ui:///a"])("%p is no URI with a prefix", (uri) => {
  expect(splitUri(uri)).toBeUndefined();
});

test.each([
  ["always", 1, "prefixed"],
  ["conditional", 1, "transparent"],
  ["conditional", 2, "prefixed"],
  ["never", 1, "bare"],
  ["never", 2, "bare"],
] as const)("prefix mode %s with %d backends is %s", (prefixMode, count, want) => {
  const backends = new Array(count).fill({});
  expect(namingOf({ prefixMode, backends })).toBe(want);
});
