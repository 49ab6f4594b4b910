import { expect, test } from "bun:test";
import type { HashKey } from "../../model/traffic.ts";
import { hashText, type NewCookie } from "./hash.ts";

const facts = {
  headers: new Headers({ "x-user": "anna", cookie: 'a=1; session="s 1"; b=2' }),
  path: "/v1/chat?tenant=t1",
  remoteAddress: () => "10.0.0.1",
};

const cases: readonly [HashKey, string | undefined][] = [
  [{ type: "ip" }, "10.0.0.1"],
  [{ type: "header", name: "x-user" }, "anna"],
  [{ type: "header", name: "x-other" }, undefined],
  [{ type: "query", name: "tenant" }, "t1"],
  [{ type: "query", name: "other" }, undefined],
  [{ type: "cookie", name: "session", attributes: [] }, "s 1"],
  [{ type: "cookie", name: "other", attributes: [] }, undefined],
];
test.each(cases)("%j is found", (key, want) => {
  expect(hashText([key], facts, () => expect.unreachable("no cookie is made"))).toBe(want);
});

test("a cookie with an age is made where there is none, with its attributes", () => {
  const made: NewCookie[] = [];
  const key: HashKey = {
    type: "cookie",
    name: "lb",
    ttlMs: 60_000,
    attributes: [
      ["Path", "/"],
      ["Secure", ""],
    ],
  };
  const text = hashText([key], facts, (cookie) => made.push(cookie));
  expect(made).toEqual([{ value: text ?? "", header: `lb="${text}"; Max-Age=60; Path=/; Secure; HttpOnly` }]);
});
