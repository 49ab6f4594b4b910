import { expect, test } from "bun:test";
import { openAccess } from "./access.ts";

test("a route without a security policy knows nobody and lets everybody do everything", async () => {
  const request = new Request("http://gateway/mcp", { headers: { authorization: "Bearer whatever" } });
  const caller = await openAccess.authenticate(request);
  if (caller instanceof Response) throw new Error("refused");
  expect(caller).toEqual({ principal: undefined, claims: {}, scopes: [], headers: [] });
  expect(openAccess.selects("a", caller, request)).toBe(true);
  const operation = { method: "tools/call", backend: "a", kind: "tool", name: "t", params: {} } as const;
  expect(openAccess.decide(operation, caller, request)).toBe("allow");
  expect((await openAccess.document("/mcp", request)).status).toBe(404);
});
