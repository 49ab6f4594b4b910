import { beforeAll, expect, test } from "bun:test";
import { exportJWK, generateKeyPair } from "jose";
import { type FetchDocument, KeySets, KeysUnavailable, RemoteKeys, readKeys } from "./key-set.ts";

let keys: { readonly first: string; readonly second: string };

beforeAll(async () => {
  const make = async (kid: string) => {
    const { publicKey } = await generateKeyPair("ES256", { extractable: true });
    return JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: "ES256" }] });
  };
  keys = { first: await make("first"), second: await make("second") };
});

const uri = "https://idp.example/keys";
const source = { type: "remote", uri, cacheMs: 1000 } as const;

/** Keys whose clock and provider a test moves. */
function setUp() {
  const world = { now: 0, text: keys.first, asked: [] as string[], failure: undefined as string | undefined };
  const fetchDocument: FetchDocument = async (url) => {
    world.asked.push(url);
    if (world.failure !== undefined) throw new Error(world.failure);
    return world.text;
  };
  return { world, set: new RemoteKeys(source, fetchDocument, () => world.now) };
}

test("keys are fetched once for all that wait, and serve while they are fresh", async () => {
  const { world, set } = setUp();
  const [one, other] = await Promise.all([set.current(), set.current()]);
  world.now = 999;
  expect([other, await set.current()]).toEqual([one, one]);
  expect(world.asked).toEqual([uri]);
});

test("keys that are no longer fresh serve once more while new ones are fetched", async () => {
  const { world, set } = setUp();
  const before = await set.current();
  world.now = 1000;
  world.text = keys.second;
  expect(await set.current()).toBe(before);
  await Bun.sleep(0);
  expect(await set.current()).not.toBe(before);
  expect(world.asked.length).toBe(2);
});

test("the same keys fetched again are the same", async () => {
  const { world, set } = setUp();
  const before = await set.current();
  world.now = 1000;
  await set.current();
  await Bun.sleep(0);
  expect(await set.current()).toBe(before);
});

test("without a provider old keys serve for an hour, and then nobody comes in", async () => {
  const { world, set } = setUp();
  const before = await set.current();
  world.failure = "no route";
  world.now = 1000 + 3_599_999;
  expect(await set.current()).toBe(before);
  await Bun.sleep(0);
  world.now += 1001;
  expect(set.current()).rejects.toThrow(KeysUnavailable);
});

test("a provider that fails is asked once a second", async () => {
  const { world, set } = setUp();
  world.failure = "down";
  for (let now = 0; now < 3000; now += 100) {
    world.now = now;
    await expect(set.current()).rejects.toThrow("the keys of tokens cannot be fetched: down");
  }
  expect(world.asked.length).toBe(3);
});

test("unknown keys cause five fetches a minute", async () => {
  const { world, set } = setUp();
  await set.current();
  for (let index = 0; index < 50; index += 1) expect(await set.renewed()).toBeUndefined();
  expect(world.asked.length).toBe(1 + 5);
  world.now = 60_000;
  world.text = keys.second;
  expect(await set.renewed()).toBeDefined();
});

test("an issuer is asked where its keys are", async () => {
  const documents: { readonly [url: string]: string } = {
    "https://idp.example/.well-known/openid-configuration/team": JSON.stringify({
      issuer: "https://idp.example/team/",
      jwks_uri: uri,
    }),
    [uri]: keys.first,
  };
  const asked: string[] = [];
  const set = new KeySets().of(
    { type: "discover", issuer: "https://idp.example/team", cacheMs: 1 },
    async (url) => {
      asked.push(url);
      const document = documents[url];
      if (document === undefined) throw new Error("404");
      return document;
    },
  );
  await set.current();
  expect(asked).toEqual([
    "https://idp.example/.well-known/oauth-authorization-server/team",
    "https://idp.example/.well-known/openid-configuration/team",
    uri,
  ]);
});

test.each([
  ["another issuer's", { issuer: "https://evil.example", jwks_uri: uri }, "about another issuer"],
  ["without keys", { issuer: "https://idp.example" }, "jwks_uri not found in authorization server metadata"],
])("metadata %s is of no use", async (_, metadata, reason) => {
  const set = new KeySets().of({ type: "discover", issuer: "https://idp.example", cacheMs: 1 }, async () =>
    JSON.stringify(metadata),
  );
  await expect(set.current()).rejects.toThrow(reason);
});

test("a source that a reload leaves alone keeps its keys, and takes the new way to them", async () => {
  const sets = new KeySets(() => 0);
  const before = sets.of(source, async () => keys.first);
  await before.current();
  const after = sets.of(source, async () => keys.second);
  expect(after).toBe(before);
  expect(await after.renewed()).toBeDefined();
});

test.each(["", "[]", "{}", '{"keys": 1}'])("%j is no set of keys", async (text) => {
  expect(readKeys(text)).rejects.toThrow();
});
