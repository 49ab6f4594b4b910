import { describe, expect, test } from "bun:test";
import type { PathRewrite, Redirect } from "../model/route.ts";
import { compilePathRewrite, compileRedirect } from "./rewrite.ts";

const paths: readonly { name: string; rewrite: PathRewrite; path: string; want: string }[] = [
  { name: "a whole path", rewrite: { type: "full", value: "/new" }, path: "/a/b", want: "/new" },
  { name: "a beginning", rewrite: { type: "prefix", from: "/a", to: "/x/y" }, path: "/a/b", want: "/x/y/b" },
  {
    name: "a beginning that is all",
    rewrite: { type: "prefix", from: "/a", to: "/x" },
    path: "/a",
    want: "/x",
  },
  { name: "a beginning away", rewrite: { type: "prefix", from: "/a", to: "" }, path: "/a/b", want: "/b" },
  { name: "all of a path away", rewrite: { type: "prefix", from: "/a", to: "" }, path: "/a", want: "/" },
  { name: "a beginning in front", rewrite: { type: "prefix", from: "", to: "/x" }, path: "/b", want: "/x/b" },
  {
    name: "groups of a pattern",
    rewrite: { type: "regex", pattern: "^/user/(\\w+)/(.*)$", replacement: "/\\2/of/\\1" },
    path: "/user/ann/notes",
    want: "/notes/of/ann",
  },
  {
    name: "dollars and backslashes as they are",
    rewrite: { type: "regex", pattern: "b", replacement: "$1\\\\" },
    path: "/abab",
    want: "/a$1\\a$1\\",
  },
  {
    name: "nothing where nothing fits",
    rewrite: { type: "regex", pattern: "z", replacement: "" },
    path: "/a",
    want: "/a",
  },
];

test.each(paths)("a path rewrite puts $name", ({ rewrite, path, want }) => {
  expect(compilePathRewrite(rewrite)(path)).toBe(want);
});

describe("a redirect", () => {
  const request = { scheme: "http", host: "me.example:1975", path: "/a", query: "?q=1", listenerPort: 8080 };
  const cases: readonly { name: string; redirect: Partial<Redirect>; want: string; host?: string }[] = [
    { name: "keeps what it does not name", redirect: {}, want: "http://me.example:1975/a?q=1" },
    { name: "to a scheme has its port", redirect: { scheme: "https" }, want: "https://me.example/a?q=1" },
    {
      name: "to a host has the listener's port",
      redirect: { host: "new.example" },
      want: "http://new.example:8080/a?q=1",
    },
    { name: "has the port it names", redirect: { port: 9000 }, want: "http://me.example:9000/a?q=1" },
    { name: "leaves out a usual port", redirect: { port: 80 }, want: "http://me.example/a?q=1" },
    {
      name: "changes the path and keeps the query",
      redirect: { path: { type: "full", value: "/b" } },
      want: "http://me.example:1975/b?q=1",
    },
    { name: "knows IPv6", redirect: { port: 9000 }, host: "[::1]:1975", want: "http://[::1]:9000/a?q=1" },
  ];
  test.each(cases)("$name", ({ redirect, want, host = request.host }) => {
    const location = compileRedirect(redirect);
    expect(location({ ...request, host })).toBe(want);
  });
});
