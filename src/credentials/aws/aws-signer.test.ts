import { describe, expect, test } from "bun:test";
import type { CredentialOverride } from "../../model/credential.ts";
import { isStripped } from "../strip.ts";
import { credential, failureOf, prepareSigner, secretRef, unsigned } from "../testing.ts";

const file =
  "[default]\naws_access_key_id=DEFAULT\naws_secret_access_key=s1\n[work]\naws_access_key_id=WORK\naws_secret_access_key=s2\naws_session_token=t2\n[sso]\nsso_session=x\n";

function signer({
  text = file,
  profile = "default",
  override = undefined as CredentialOverride | undefined,
} = {}) {
  const source = { type: "file", secret: secretRef, profile } as const;
  const way = { type: "aws", region: "us-east-1", source } as const;
  return prepareSigner(credential(way, override), { value: () => text });
}

const prefix = "x-aigw-aws-";
const withFallback = { header: prefix, hasFallback: true };
const withoutFallback = { header: prefix, hasFallback: false };
const own = {
  [`${prefix}access-key-id`]: " OWN ",
  [`${prefix}secret-access-key`]: "s3",
  [`${prefix}session-token`]: "t3",
};

async function signed(
  given: Parameters<typeof signer>[0],
  headers: { readonly [name: string]: string } = {},
) {
  const { set } = await signer(given).sign(unsigned(headers));
  const found = new Headers(set.map(([name, value]): [string, string] => [name, value]));
  return {
    id: /Credential=([^/]+)\/\d{8}\/us-east-1\/bedrock\/aws4_request,/.exec(
      found.get("authorization") ?? "",
    )?.[1],
    token: found.get("x-amz-security-token"),
    host: found.get("host"),
  };
}

const host = "bedrock-runtime.us-east-1.amazonaws.com";

describe("AwsSigner signs with", () => {
  test("the keys of the file", async () => {
    expect(await signed({})).toEqual({ id: "DEFAULT", token: null, host });
  });

  test("the keys of the profile that is named", async () => {
    expect(await signed({ profile: "work" })).toEqual({ id: "WORK", token: "t2", host });
  });

  test("keys of the request where they are there", async () => {
    expect(await signed({ override: withFallback }, own)).toEqual({ id: "OWN", token: "t3", host });
    expect(await signed({ override: withoutFallback }, own)).toEqual({ id: "OWN", token: "t3", host });
  });

  test("the file's keys where the request's are blank", async () => {
    const blank = { [`${prefix}access-key-id`]: " ", [`${prefix}session-token`]: "" };
    expect(await signed({ override: withFallback }, blank)).toEqual({ id: "DEFAULT", token: null, host });
  });

  test("the file's keys where requests may not bring their own", async () => {
    expect(await signed({}, own)).toEqual({ id: "DEFAULT", token: null, host });
  });

  test("a file that has changed", async () => {
    let text = file;
    const source = { type: "file", secret: secretRef, profile: "default" } as const;
    const given = prepareSigner(credential({ type: "aws", region: "r", source }), { value: () => text });
    await given.sign(unsigned());
    text = file.replace("DEFAULT", "CHANGED");
    expect(JSON.stringify(await given.sign(unsigned()))).toContain("Credential=CHANGED/");
  });
});

describe("AwsSigner refuses", () => {
  test("a request without keys where only the request's will do", async () => {
    const { code, status, message } = await failureOf(() => signed({ override: withoutFallback }));
    expect([code, status, message]).toEqual(["missing_credential", 401, "missing upstream credential"]);
  });

  const partial = ["access-key-id", "secret-access-key", "session-token"];
  test.each(partial)("a request with %s alone, with and without fallback", async (name) => {
    for (const override of [withFallback, withoutFallback]) {
      const { code, message } = await failureOf(() => signed({ override }, { [`${prefix}${name}`]: "x" }));
      expect(code).toBe("missing_credential");
      expect(message).toBe(
        "incomplete upstream credential: x-aigw-aws-access-key-id and x-aigw-aws-secret-access-key go together",
      );
    }
  });

  const unusable = [
    { name: "a profile that is not there", given: { profile: "none" }, reason: 'has no profile "none"' },
    { name: "a profile without keys", given: { profile: "sso" }, reason: 'profile "sso"' },
    { name: "an empty file", given: { text: " " }, reason: "is empty" },
  ];
  test.each(unusable)("$name, for the log only", async ({ given, reason }) => {
    const { code, message, cause } = await failureOf(() => signed(given));
    expect([code, message]).toEqual([
      "credential_unavailable",
      "the credential for the upstream is not available",
    ]);
    expect((cause as Error).message).toContain(reason);
  });
});

test("AwsSigner keeps the request's keys from the upstream", () => {
  const { strip } = signer({ override: withFallback });
  for (const name of [...Object.keys(own), "authorization", "x-amz-date"]) {
    expect(isStripped(strip, name)).toBe(true);
  }
});
