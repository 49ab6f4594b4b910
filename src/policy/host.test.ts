import { expect, test } from "bun:test";
import { HostTable, hostName } from "./host.ts";

const table = new HostTable([
  { domains: ["api.example.com"], value: "exact" },
  { domains: ["*.example.com"], value: "example" },
  { domains: ["*.team.example.com"], value: "team" },
  { domains: ["*"], value: "any" },
]);

const cases = [
  { host: "api.example.com", want: "exact", why: "the exact name wins" },
  { host: "API.Example.Com:1975", want: "exact", why: "case and port do not count" },
  { host: "x.example.com", want: "example", why: "a wildcard takes one label" },
  { host: "a.b.example.com", want: "example", why: "a wildcard takes several labels" },
  { host: "a.team.example.com", want: "team", why: "the longer suffix wins" },
  { host: "example.com", want: "any", why: "a wildcard wants at least one label" },
  { host: "", want: "any", why: "no host is any host" },
];
test.each(cases)("HostTable: $why ($host)", ({ host, want }) => expect(table.find(host)).toBe(want));

test("HostTable.only spares the look-up where there is no choice", () => {
  expect(new HostTable([{ domains: ["*"], value: 1 }]).only).toBe(1);
  expect(table.only).toBeUndefined();
});

test("HostTable without a catch-all finds nothing for a stranger", () => {
  expect(new HostTable([{ domains: ["a.com"], value: 1 }]).find("b.com")).toBeUndefined();
});

test.each([
  ["localhost:1975", "localhost"],
  ["[::1]:80", "[::1]"],
  ["Example.COM", "example.com"],
])("hostName(%s)", (host, want) => expect(hostName(host)).toBe(want));
