import { describe, expect, test } from "bun:test";
import type { Credential } from "../model/credential.ts";
import type { ExchangeFailure } from "../model/failure.ts";
import { isStripped, type Signature } from "./index.ts";
import { credential, failureOf, prepareSigner, secretRef as secret, unsigned } from "./testing.ts";

const bearer = { type: "header", name: "authorization", scheme: "Bearer", secret } as const;
const plain = { type: "header", name: "x-api-key", scheme: "", secret } as const;
const canary = "canary-7f3a";

async function sign(given: Credential, key: string | undefined, headers = {}): Promise<Signature["set"]> {
  return (await prepareSigner(given, { value: () => key }).sign(unsigned(headers))).set;
}

const withFallback = { header: "x-aigw-api-key", hasFallback: true };
const withoutFallback = { header: "x-aigw-api-key", hasFallback: false };

const signed: { name: string; given: Credential; headers?: object; want: [string, string] }[] = [
  { name: "a bearer key, trimmed", given: credential(bearer), want: ["authorization", `Bearer ${canary}`] },
  { name: "a plain key", given: credential(plain), want: ["x-api-key", canary] },
  {
    name: "the request's own key",
    given: credential(bearer, withFallback),
    headers: { "x-aigw-api-key": " own " },
    want: ["authorization", "Bearer own"],
  },
  {
    name: "the configured key where the request's is blank",
    given: credential(bearer, withFallback),
    headers: { "x-aigw-api-key": "  " },
    want: ["authorization", `Bearer ${canary}`],
  },
  {
    name: "the configured key where the request has none",
    given: credential(plain, withFallback),
    want: ["x-api-key", canary],
  },
  {
    name: "the request's own key without fallback",
    given: credential(plain, withoutFallback),
    headers: { "x-aigw-api-key": "own" },
    want: ["x-api-key", "own"],
  },
];

test.each(signed)("a signer writes $name", async ({ given, headers, want }) => {
  expect(await sign(given, ` ${canary}\n`, headers)).toEqual([want]);
});

function failure(given: Credential, key: string | undefined): Promise<ExchangeFailure> {
  return failureOf(() => sign(given, key));
}

describe("a signer refuses", () => {
  test("a request without its own key where nothing else will do", async () => {
    const { code, status, message } = await failure(credential(bearer, withoutFallback), canary);
    expect({ code, status, message }).toEqual({
      code: "missing_credential",
      status: 401,
      message: "missing upstream credential",
    });
  });

  const unavailable: { name: string; given: Credential; key: string | undefined; reason: string }[] = [
    {
      name: "a secret that cannot be read",
      given: credential(bearer),
      key: undefined,
      reason: "environment variable PROVIDER_KEY cannot be read",
    },
    {
      name: "a secret that is empty",
      given: credential(bearer),
      key: " \n",
      reason: "environment variable PROVIDER_KEY is empty",
    },
    {
      name: "a secret of two lines",
      given: credential(bearer),
      key: `${canary}\n${canary}`,
      reason: "environment variable PROVIDER_KEY holds characters that no header may have",
    },
    {
      name: "a secret beyond Latin-1",
      given: credential(plain),
      key: `${canary}€`,
      reason: "environment variable PROVIDER_KEY holds characters that no header may have",
    },
  ];

  test.each(unavailable)("$name, for the log only", async ({ given, key, reason }) => {
    const { code, status, message, cause } = await failure(given, key);
    expect({ code, status }).toEqual({ code: "credential_unavailable", status: 503 });
    expect(message).toBe("the credential for the upstream is not available");
    expect((cause as Error).message).toBe(reason);
    expect(`${message} ${(cause as Error).message}`).not.toContain(canary);
  });
});

test("a signer sees a secret that has changed", async () => {
  let key = "one";
  const signer = prepareSigner(credential(bearer), { value: () => key });
  expect((await signer.sign(unsigned())).set).toEqual([["authorization", "Bearer one"]]);
  key = "two";
  expect((await signer.sign(unsigned())).set).toEqual([["authorization", "Bearer two"]]);
});

test("a signer strips what clients identify themselves with, and the header of an override", () => {
  const { strip } = prepareSigner(credential(bearer, withFallback), { value: () => canary });
  const stripped = [
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
    "proxy-authorization",
    "x-amz-date",
    "x-amz-security-token",
    "x-aigw-api-key",
  ];
  for (const name of stripped) expect(isStripped(strip, name)).toBe(true);
  for (const name of ["content-type", "openai-organization", "x-amzn-trace-id", "anthropic-beta", "x-api"]) {
    expect(isStripped(strip, name)).toBe(false);
  }
});
