import { describe, expect, test } from "bun:test";
import type { CredentialOverride } from "../../model/credential.ts";
import { isStripped } from "../strip.ts";
import {
  credential,
  FakeEndpoint,
  failureOf,
  prepareSigner,
  secretRef,
  TestWorld,
  unsigned,
} from "../testing.ts";

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

test("a key of Bedrock's own replaces signatures where nothing else is configured", async () => {
  const environment = {
    AWS_BEARER_TOKEN_BEDROCK: " bedrock-key\n",
    AWS_ACCESS_KEY_ID: "ENV",
    AWS_SECRET_ACCESS_KEY: "s",
  };
  const chained = credential({ type: "aws", region: "us-east-1", source: { type: "chain" } });
  const secrets = { value: () => file };
  expect(await prepareSigner(chained, secrets, { environment }).sign(unsigned())).toEqual({
    set: [["authorization", "Bearer bedrock-key"]],
  });
  const source = { type: "file", secret: secretRef, profile: "default" } as const;
  const fromFile = credential({ type: "aws", region: "us-east-1", source });
  const { set } = await prepareSigner(fromFile, secrets, { environment }).sign(unsigned());
  expect(JSON.stringify(set)).toContain("Credential=DEFAULT/");
});

describe("AwsSigner, after a refusal,", () => {
  const chained = credential({ type: "aws", region: "us-east-1", source: { type: "chain" } });
  const environment = { AWS_ACCESS_KEY_ID: "ENV", AWS_SECRET_ACCESS_KEY: "s" };
  const refusal = (status: number, type?: string, date?: Date) => ({
    status,
    headers: new Headers({
      ...(type !== undefined && { "x-amzn-errortype": `${type}:http://internal.amazon.com/` }),
      ...(date !== undefined && { date: date.toUTCString() }),
    }),
  });

  const refusals = [
    {
      name: "looks for other keys when they have expired",
      answer: refusal(403, "ExpiredTokenException"),
      want: true,
    },
    {
      name: "looks for other keys when they are not known",
      answer: refusal(403, "UnrecognizedClientException"),
      want: true,
    },
    { name: "looks for other keys when nothing is said", answer: refusal(403), want: true },
    {
      name: "does nothing where a right is missing",
      answer: refusal(403, "AccessDeniedException"),
      want: false,
    },
    {
      name: "does nothing where the request is wrong",
      answer: refusal(400, "ValidationException"),
      want: false,
    },
    {
      name: "does nothing where the request is wrong, and nothing is said",
      answer: refusal(400),
      want: false,
    },
    { name: "does nothing where it was busy", answer: refusal(429, "ThrottlingException"), want: false },
    {
      name: "does nothing where the clocks agree",
      answer: refusal(403, "InvalidSignatureException", new Date()),
      want: false,
    },
  ];
  test.each(refusals)("$name", async ({ answer, want }) => {
    const given = prepareSigner(chained, { value: () => "" }, { environment });
    expect(given.refused?.(await given.sign(unsigned()), answer)).toBe(want);
  });

  test("takes over the time of AWS, once", async () => {
    const world = new TestWorld(environment);
    const given = prepareSigner(chained, { value: () => "" }, world);
    const dateOf = async () => new Map((await given.sign(unsigned())).set).get("x-amz-date");
    expect(await dateOf()).toBe("20260102T030405Z");
    const theirs = new Date(world.now + 3_600_000);
    const answer = refusal(403, "InvalidSignatureException", theirs);
    expect(given.refused?.(await given.sign(unsigned()), answer)).toBe(true);
    expect(await dateOf()).toBe("20260102T040405Z");
    expect(given.refused?.(await given.sign(unsigned()), answer)).toBe(false);
  });

  test("has nothing better than keys in a file, or of the request", async () => {
    const own_ = signer({ override: withFallback });
    expect(own_.refused?.(await own_.sign(unsigned(own)), refusal(403, "ExpiredTokenException"))).toBe(false);
    expect(own_.refused?.(await own_.sign(unsigned()), refusal(403, "ExpiredTokenException"))).toBe(false);
  });
});

test("AwsSigner follows a profile of the file that names a command", async () => {
  using nobody = new FakeEndpoint(() => ({}));
  const environment = { AWS_ENDPOINT_URL_STS: nobody.url };
  const text = `[default]\ncredential_process = echo '{"Version":1,"AccessKeyId":"PROCESS","SecretAccessKey":"s"}'\n`;
  const source = { type: "file", secret: secretRef, profile: "default" } as const;
  const way = { type: "aws", region: "us-east-1", source } as const;
  const given = prepareSigner(credential(way), { value: () => text }, { environment });
  expect(JSON.stringify(await given.sign(unsigned()))).toContain("Credential=PROCESS/");
  expect(nobody.seen).toEqual([]);
});
