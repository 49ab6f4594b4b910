import { beforeAll, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import type { JwtProvider } from "../../model/access.ts";
import { JwtVerifier } from "./jwt-verifier.ts";
import { localKeys } from "./key-set.ts";

let pairs: CryptoKeyPair[];
let jwks: string;
let clock = Date.parse("2026-01-01T00:00:00Z");
const seconds = () => Math.floor(clock / 1000);

beforeAll(async () => {
  const make = () => generateKeyPair("RS256", { extractable: true }) as Promise<CryptoKeyPair>;
  pairs = await Promise.all([make(), make()]);
  const keys = await Promise.all(
    pairs.map(async ({ publicKey }, index) => ({
      ...(await exportJWK(publicKey)),
      kid: `key-${index}`,
      alg: "RS256",
    })),
  );
  jwks = JSON.stringify({ keys: [...keys, { kty: "oct", kid: "shared", k: btoa("secret"), alg: "HS256" }] });
});

function verifier(provider: Partial<JwtProvider> = {}): JwtVerifier {
  const usual = {
    at: 0,
    name: "idp",
    issuer: "https://idp",
    audiences: ["aigw"],
    from: [],
    claimHeaders: [],
  };
  return new JwtVerifier(
    { ...usual, keys: { type: "inline", jwks }, ...provider },
    localKeys(jwks),
    () => clock,
  );
}

function sign(
  claims: object = {},
  header: Partial<JWTHeaderParameters> = {},
  key = pairs[0]?.privateKey as CryptoKey,
): Promise<string> {
  return new SignJWT({ iss: "https://idp", aud: "aigw", exp: seconds() + 60, ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "key-0", ...header })
    .sign(key);
}

test("a good token gives its claims", async () => {
  expect(await verifier().verify(await sign({ sub: "alice" }))).toMatchObject({ sub: "alice" });
});

test("a token without a key's name is tried with each", async () => {
  const token = await new SignJWT({ iss: "https://idp", aud: "aigw", sub: "bob" })
    .setProtectedHeader({ alg: "RS256" })
    .sign(pairs[1]?.privateKey as CryptoKey);
  expect(await verifier().verify(token)).toMatchObject({ sub: "bob" });
});

test("a public key is no shared secret, and shared secrets are none of ours", async () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = encode({ iss: "https://idp", aud: "aigw", exp: seconds() + 60 });
  const pem = await exportSPKI(pairs[0]?.publicKey as CryptoKey);
  for (const [kid, secret] of [
    ["key-0", pem],
    ["shared", "secret"],
  ] as const) {
    const head = encode({ alg: "HS256", kid });
    const mac = createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url");
    await expect(verifier().verify(`${head}.${body}.${mac}`)).rejects.toThrow('"alg"');
  }
});

test.each([
  ["an extension that must be understood", {}, { crit: ["x"], x: 1 }, "crit"],
  ["another issuer", { iss: "https://idp/" }, {}, "another issuer"],
  ["no issuer", { iss: undefined }, {}, "another issuer"],
  ["an end that is over for longer than clocks differ", { exp: 1 }, {}, '"exp"'],
  ["an end that is no number", { exp: "soon" }, {}, '"exp"'],
  ["a key that is not there", {}, { kid: "key-9" }, "unknown key"],
] as const)("%s: refused", async (_, claims, header, reason) => {
  const token = await sign(claims, header as Partial<JWTHeaderParameters>).catch(() => undefined);
  if (token !== undefined) await expect(verifier().verify(token)).rejects.toThrow(reason);
  else expect(reason).toBe("crit");
});

test("an issuer that may be missing may also have a slash at its end, but be no other", async () => {
  const lenient = verifier({ isIssuerOptional: true });
  for (const iss of [undefined, "https://idp/"]) await lenient.verify(await sign({ iss }));
  await expect(lenient.verify(await sign({ iss: "https://other" }))).rejects.toThrow("another issuer");
});

test("a token that was good is remembered, and ends all the same", async () => {
  const one = verifier();
  const token = await sign({ exp: seconds() + 10 });
  const claims = await one.verify(token);
  clock += 69_000;
  expect(await one.verify(token)).toBe(claims);
  clock += 2000;
  await expect(one.verify(token)).rejects.toThrow("expired");
});

test("a token of megabytes is not looked at", async () => {
  await expect(verifier().verify("a".repeat(20_000))).rejects.toThrow("too long");
});
