import { describe, expect, test } from "bun:test";
import { RpcError } from "../rpc/errors.ts";
import { KeyRing } from "./key-ring.ts";
import { SealedIds } from "./sealed-ids.ts";
import { digestOf, Sessions } from "./sessions.ts";
import type { SessionFacts } from "./token.ts";

const facts: SessionFacts = {
  issuedAtMs: 1000,
  expiresAtMs: 2000,
  protocolVersion: "2025-11-25",
  principal: digestOf("alice"),
  capabilities: { elicitation: {} },
  clientInfo: { name: "c", version: "1" },
  backends: [
    { name: "a", sessionId: "s-1", protocolVersion: "2025-06-18", capabilities: 511 },
    { name: "b", sessionId: undefined, protocolVersion: "2025-11-25", capabilities: 1 },
  ],
};
const at = (now: number) => () => now;
const ring = (...seeds: string[]) => KeyRing.derive(seeds, 1);

/** What a client gets that shows this id: the session's facts, or status and code. */
function find(sessions: Sessions, route: string, id: string | null, principal?: string): unknown {
  try {
    return sessions.find(route, id, principal).facts;
  } catch (error) {
    return error instanceof RpcError ? [error.status, error.code] : error;
  }
}

describe("a session id", () => {
  test("is good on another replica with the same seed", async () => {
    const { token } = new Sessions({ keys: await ring("seed"), now: at(1500) }).create("r", facts);
    const other = new Sessions({ keys: await ring("seed"), now: at(1500) });
    expect(find(other, "r", token, "alice")).toEqual(facts);
    expect(token).toMatch(/^[\w-]+$/);
  });

  test("is good while its seed is one of those of before", async () => {
    const { token } = new Sessions({ keys: await ring("old"), now: at(1500) }).create("r", facts);
    expect(
      find(new Sessions({ keys: await ring("new", "x", "old"), now: at(1500) }), "r", token, "alice"),
    ).toEqual(facts);
    expect(find(new Sessions({ keys: await ring("new"), now: at(1500) }), "r", token, "alice")).toEqual([
      404, -32001,
    ]);
  });

  const refusals: {
    name: string;
    route?: string;
    id?: (token: string) => string | null;
    principal?: string;
    now?: number;
    want: [number, number];
  }[] = [
    { name: "on another route", route: "other", want: [404, -32001] },
    { name: "of somebody else", principal: "bob", want: [404, -32001] },
    { name: "after its time", now: 2000, want: [404, -32001] },
    {
      name: "with another letter",
      id: (token) => `${token.slice(0, 50)}${token[50] === "A" ? "B" : "A"}${token.slice(51)}`,
      want: [404, -32001],
    },
    { name: "cut short", id: (token) => token.slice(0, -8), want: [404, -32001] },
    { name: "that is none", id: () => "6f1c3ab0-8a1e-4f0e-9f43-000000000000", want: [400, -32000] },
    { name: "that is endless", id: () => "A".repeat(20_000), want: [400, -32000] },
    { name: "that is not there", id: () => null, want: [400, -32000] },
    { name: "of what was kept in memory elsewhere", id: () => "held-abc", want: [404, -32001] },
  ];
  test.each(refusals)(
    "$name is refused",
    async ({ route = "r", id = (token) => token, principal = "alice", now = 1500, want }) => {
      const keys = await ring("seed");
      const { token } = new Sessions({ keys, now: at(1500) }).create("r", facts);
      for (const sessions of [new Sessions({ keys, now: at(now) })]) {
        expect(find(sessions, route, id(token), principal)).toEqual(want);
      }
    },
  );

  test("is refused once its client has ended it, also where it was forgotten meanwhile", async () => {
    const sessions = new Sessions({ keys: await ring("seed"), now: at(1500), maxKnown: 1 });
    const session = sessions.create("r", facts);
    sessions.revoke(session);
    sessions.create("r", facts);
    expect(find(sessions, "r", session.token, "alice")).toEqual([404, -32001]);
  });

  test("says nothing of what is in it, and never the same twice", async () => {
    const sessions = new Sessions({ keys: await ring("seed"), now: at(1500) });
    const [a, b] = [sessions.create("r", facts), sessions.create("r", facts)];
    expect(a.token).not.toBe(b.token);
    expect(Buffer.from(a.token, "base64url").toString("latin1")).not.toContain("s-1");
  });

  test("that would be too long for a header is a name for what stays in memory", async () => {
    const keys = await ring("seed");
    const sessions = new Sessions({ keys, now: at(1500), maxTokenBytes: 200 });
    const { token } = sessions.create("r", facts);
    expect(token).toMatch(/^held-[\w-]{32}$/);
    expect(find(sessions, "r", token, "alice")).toEqual(facts);
    expect(find(sessions, "other", token, "alice")).toEqual([404, -32001]);
  });

  test("of twenty servers with long ids of their own is short enough", async () => {
    const sessionId = () => crypto.randomUUID();
    const backends = Array.from({ length: 20 }, (_, i) => ({
      ...facts.backends[0]!,
      name: `server-${i}`,
      sessionId: sessionId(),
    }));
    const keys = await ring("seed");
    expect(
      new Sessions({ keys, now: at(1500) }).create("r", { ...facts, backends }).token.length,
    ).toBeLessThan(2500);
  });
});

test("sessions in use are not forgotten for others", async () => {
  const sessions = new Sessions({ keys: await ring("seed"), now: at(1500), maxKnown: 2 });
  const used = sessions.create("r", facts);
  used.closeStream = () => {};
  for (let i = 0; i < 5; i++) sessions.create("r", facts);
  expect(sessions.find("r", used.token, "alice")).toBe(used);
  expect(sessions.known("r")).toHaveLength(2);
});

test("a request of a backend can be answered by the session that was asked, on any replica, and by no other", async () => {
  const sessions = new Sessions({ keys: await ring("seed"), now: at(1500) });
  const [mine, theirs] = [sessions.create("r", facts), sessions.create("r", facts)];
  const ids = new SealedIds(await ring("seed"));
  for (const idText of ["7", '"q"', "12345678901234567890", '"\\u0000"']) {
    const sealed = ids.seal({ backend: "a", idText }, mine);
    expect(sealed.length).toBeLessThan(256);
    expect(ids.seal({ backend: "a", idText }, mine)).toBe(sealed);
    expect(new SealedIds(await ring("new", "seed")).open(sealed, mine)).toEqual({ backend: "a", idText });
    expect(ids.open(sealed, theirs)).toBeUndefined();
    expect(ids.open(`${sealed.slice(0, -1)}${sealed.endsWith("A") ? "E" : "A"}`, mine)).toBeUndefined();
  }
  for (const junk of ["aigw.", "aigw.AAAA", "7", 7, undefined]) expect(ids.open(junk, mine)).toBeUndefined();
});
