import { expect, test } from "bun:test";
import type { Credential } from "../model/credential.ts";
import { CredentialSources } from "./credential-sources.ts";
import { FakeEndpoint, secretRef, TestWorld, unsigned } from "./testing.ts";

const given = (key: string, print: string): Credential => ({
  key,
  print,
  at: 0,
  way: { type: "azure", tenantId: key, clientId: "c", source: { type: "secret", secret: secretRef } },
});

test("a token outlives reloads that leave its credential alone, and no others", async () => {
  let count = 0;
  using entra = new FakeEndpoint(() => {
    count += 1;
    return { access_token: `t${count}`, expires_in: 3600 };
  });
  const sources = new CredentialSources(new TestWorld({ AZURE_AUTHORITY_HOST: entra.url }));
  const load = async (secret: string, ...credentials: Credential[]) => {
    const table = Object.fromEntries(credentials.map((one) => [one.key, one]));
    const signers = sources.prepare(table, { value: () => secret });
    const tokens = [...signers.values()].map(async (signer) => (await signer.sign(unsigned())).set[0]?.[1]);
    return await Promise.all(tokens);
  };
  expect(await load("s", given("a", "1"))).toEqual(["Bearer t1"]);
  expect(await load("s", given("a", "1"), given("b", "2"))).toEqual(["Bearer t1", "Bearer t2"]);
  expect(await load("changed", given("a", "3"), given("b", "2"))).toEqual(["Bearer t3", "Bearer t2"]);
  expect(entra.seen.at(-1)?.form["client_secret"]).toBe("changed");
  expect(await load("s", given("b", "2"))).toEqual(["Bearer t2"]);
  expect(await load("s", given("a", "3"))).toEqual(["Bearer t4"]);
});

test("credentials alike but for their names do not share a token", async () => {
  using entra = new FakeEndpoint(({ url }) => ({
    access_token: url.pathname.split("/")[1],
    expires_in: 3600,
  }));
  const sources = new CredentialSources(new TestWorld({ AZURE_AUTHORITY_HOST: entra.url }));
  const signers = sources.prepare({ a: given("a", "1"), b: given("b", "2") }, { value: () => "s" });
  const tokens = [...signers.values()].map(async (signer) => (await signer.sign(unsigned())).set[0]?.[1]);
  expect(await Promise.all(tokens)).toEqual(["Bearer a", "Bearer b"]);
});
