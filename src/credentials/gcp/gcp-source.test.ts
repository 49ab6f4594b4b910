import { describe, expect, test } from "bun:test";
import { createVerify, generateKeyPairSync } from "node:crypto";
import type { GcpSource } from "../../model/credential.ts";
import { type Obtained, reasonOf } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { FakeEndpoint, secretRef, TestDirectory, TestWorld } from "../testing.ts";
import { gcpSource } from "./gcp-source.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

const key: GcpSource = { type: "key", secret: secretRef };
const scope = "https://www.googleapis.com/auth/cloud-platform";

function obtain(source: GcpSource, text: string | undefined, world = new TestWorld()) {
  return gcpSource({ type: "gcp", project: "p", region: "r", source }, { value: () => text }, world)();
}

function byKey(members: object, world = new TestWorld()): Promise<Obtained<AccessToken>> {
  return obtain(key, JSON.stringify(members), world);
}

async function reason(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "it worked",
    (error: unknown) => {
      const { cause } = error as Error;
      return reasonOf(cause ?? error);
    },
  );
}

const token = (text: string, seconds = 3599) => ({
  access_token: text,
  expires_in: seconds,
  token_type: "Bearer",
});

function claimsOf(jwt = ""): { header: object; claims: Record<string, unknown>; isGenuine: boolean } {
  const [header = "", claims = "", signature = ""] = jwt.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  const verify = createVerify("sha256").update(`${header}.${claims}`);
  return {
    header: read(header),
    claims: read(claims),
    isGenuine: verify.verify(publicKey, Buffer.from(signature, "base64url")),
  };
}

function serviceAccount(url: string): object {
  return {
    type: "service_account",
    client_email: "me@p.iam.gserviceaccount.com",
    private_key_id: "kid-1",
    private_key: privateKey,
    token_uri: `${url}/token`,
  };
}

describe("a token of Google comes from", () => {
  test("a service account's key", async () => {
    using google = new FakeEndpoint(() => token("sa-token"));
    const world = new TestWorld();
    expect(await byKey(serviceAccount(google.url), world)).toEqual({
      value: { token: "sa-token", quotaProject: undefined },
      expiresAtMs: world.now + 3_599_000,
      source: "Google of environment variable PROVIDER_KEY",
    });
    const { assertion, grant_type } = google.seen[0]?.form ?? {};
    expect(grant_type).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const now = world.now / 1000;
    expect(claimsOf(assertion)).toEqual({
      header: { alg: "RS256", typ: "JWT", kid: "kid-1" },
      claims: {
        iss: "me@p.iam.gserviceaccount.com",
        scope,
        aud: `${google.url}/token`,
        iat: now,
        exp: now + 3600,
      },
      isGenuine: true,
    });
  });

  test("Google itself, where the key says no other place", async () => {
    using google = new FakeEndpoint(() => token("sa-token"));
    const world = new TestWorld();
    world.redirects.set("https://oauth2.googleapis.com", google.url);
    const { token_uri: _, ...rest } = serviceAccount("") as { token_uri: string };
    expect((await byKey(rest, world)).value.token).toBe("sa-token");
    expect(google.calls).toEqual(["POST /token"]);
  });

  const user = { type: "authorized_user", client_id: "id", client_secret: "cs", refresh_token: "rt" };

  test("a person's login, with the project that pays", async () => {
    using google = new FakeEndpoint(() => token("user-token"));
    const world = new TestWorld();
    world.redirects.set("https://oauth2.googleapis.com", google.url);
    const { value } = await byKey({ ...user, quota_project_id: "payer" }, world);
    expect(value).toEqual({ token: "user-token", quotaProject: "payer" });
    expect(google.seen[0]?.form).toEqual({
      grant_type: "refresh_token",
      client_id: "id",
      client_secret: "cs",
      refresh_token: "rt",
    });
  });

  test("impersonation of a service account", async () => {
    const expireTime = "2026-01-02T04:00:00Z";
    using google = new FakeEndpoint(({ url }) =>
      url.pathname === "/token" ? token("user-token") : { accessToken: "sa-token", expireTime },
    );
    const found = await byKey({
      type: "impersonated_service_account",
      service_account_impersonation_url: `${google.url}/v1/sa:generateAccessToken`,
      delegates: ["projects/-/serviceAccounts/d"],
      source_credentials: { ...user, token_uri: `${google.url}/token` },
    });
    expect(found).toMatchObject({ value: { token: "sa-token" }, expiresAtMs: Date.parse(expireTime) });
    expect(google.seen[1]?.headers.get("authorization")).toBe("Bearer user-token");
    expect(JSON.parse(google.seen[1]?.text ?? "")).toEqual({
      scope: [scope],
      lifetime: "3600s",
      delegates: ["projects/-/serviceAccounts/d"],
    });
  });

  test("an external account by a file, read anew each time", async () => {
    using directory = new TestDirectory();
    using google = new FakeEndpoint(({ form }) => token(`sts-${form["subject_token"]}`));
    const file = directory.write("subject", "one\n");
    const account = {
      type: "external_account",
      audience: "//iam/aud",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${google.url}/v1/token`,
      credential_source: { file },
    };
    expect((await byKey(account)).value.token).toBe("sts-one");
    directory.write("subject", "two");
    expect((await byKey(account)).value.token).toBe("sts-two");
    expect(google.seen[0]?.form).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience: "//iam/aud",
      scope,
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token: "one",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    });
  });

  test("an external account by a URL, impersonating", async () => {
    using google = new FakeEndpoint(({ url }) => {
      if (url.pathname === "/subject") return { value: "subject" };
      if (url.pathname === "/v1/token") return token("sts-token");
      return { accessToken: "sa-token", expireTime: "2026-01-02T04:00:00Z" };
    });
    const found = await byKey({
      type: "external_account",
      audience: "//iam/aud",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${google.url}/v1/token`,
      service_account_impersonation_url: `${google.url}/impersonate`,
      service_account_impersonation: { token_lifetime_seconds: 600 },
      credential_source: {
        url: `${google.url}/subject?a=b`,
        headers: { "x-who": "me" },
        format: { type: "json", subject_token_field_name: "value" },
      },
    });
    expect(found.value.token).toBe("sa-token");
    expect(google.calls).toEqual(["GET /subject", "POST /v1/token", "POST /impersonate"]);
    expect(google.seen[0]?.headers.get("x-who")).toBe("me");
    expect(JSON.parse(google.seen[2]?.text ?? "")).toMatchObject({ lifetime: "600s" });
  });

  test("an external account by a command that is allowed", async () => {
    using google = new FakeEndpoint(({ form }) => token(`sts-${form["subject_token"]}`));
    using directory = new TestDirectory();
    const answer = {
      version: 1,
      success: true,
      token_type: "urn:ietf:params:oauth:token-type:jwt",
      id_token: "x",
    };
    const file = directory.write("answer.json", JSON.stringify(answer));
    const account = {
      type: "external_account",
      audience: "a",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: google.url,
      credential_source: { executable: { command: `cat ${file}`, timeout_millis: 5000 } },
    };
    const environment = { PATH: process.env["PATH"], GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1" };
    expect((await byKey(account, new TestWorld(environment))).value.token).toBe("sts-x");
    expect(await reason(byKey(account))).toContain("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1");
  });

  test("an external account by the keys of AWS", async () => {
    using google = new FakeEndpoint(() => token("sts-token"));
    const world = new TestWorld({
      AWS_ACCESS_KEY_ID: "AKID",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_SESSION_TOKEN: "session",
      AWS_REGION: "eu-west-1",
    });
    const account = {
      type: "external_account",
      audience: "//iam/aud",
      subject_token_type: "urn:ietf:params:aws:token-type:aws4_request",
      token_url: google.url,
      credential_source: {
        environment_id: "aws1",
        regional_cred_verification_url:
          "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
      },
    };
    expect((await byKey(account, world)).value.token).toBe("sts-token");
    const subject = JSON.parse(decodeURIComponent(google.seen[0]?.form["subject_token"] ?? ""));
    expect(subject).toMatchObject({
      url: "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
      method: "POST",
    });
    const headers = Object.fromEntries(
      subject.headers.map(({ key: name, value }: { key: string; value: string }) => [name, value]),
    );
    expect(headers).toMatchObject({
      host: "sts.eu-west-1.amazonaws.com",
      "x-goog-cloud-target-resource": "//iam/aud",
      "x-amz-security-token": "session",
    });
    expect(headers["authorization"]).toContain(
      "SignedHeaders=host;x-amz-date;x-amz-security-token;x-goog-cloud-target-resource",
    );
  });

  test("a login by a workforce pool", async () => {
    using google = new FakeEndpoint(() => token("pool-token"));
    const found = await byKey({
      type: "external_account_authorized_user",
      client_id: "id",
      client_secret: "cs",
      refresh_token: "rt",
      token_url: google.url,
    });
    expect(found.value.token).toBe("pool-token");
    expect(google.seen[0]?.headers.get("authorization")).toBe(`Basic ${btoa("id:cs")}`);
  });

  const client = {
    issuer: "",
    clientId: "cid",
    secret: secretRef,
    scopes: ["s1", "s2"],
    audience: "aud",
  };

  test("another OpenID provider, with and without a service account", async () => {
    const answers: { readonly [path: string]: object } = {
      "/oidc/.well-known/openid-configuration": { token_endpoint: "TOKEN", scopes_supported: ["many"] },
      "/oidc/token": { access_token: "oidc-token" },
      "/v1/token": token("sts-token"),
    };
    using provider = new FakeEndpoint(({ url }) => {
      const answer = answers[url.pathname];
      if (answer === undefined) return { accessToken: "sa-token", expireTime: "2026-01-02T04:00:00Z" };
      return Response.json(JSON.parse(JSON.stringify(answer).replace("TOKEN", `${provider.url}/oidc/token`)));
    });
    const world = new TestWorld();
    world.redirects.set("https://sts.googleapis.com", provider.url);
    world.redirects.set("https://iamcredentials.googleapis.com", provider.url);
    const issuer = `${provider.url}/oidc`;
    const exchange = { type: "exchange", client: { ...client, issuer }, audience: "//iam/aud" } as const;
    expect((await obtain(exchange, "oidc-secret", world)).value.token).toBe("sts-token");
    expect(provider.seen[1]?.form).toEqual({
      grant_type: "client_credentials",
      client_id: "cid",
      client_secret: "oidc-secret",
      scope: "s1 s2",
      audience: "aud",
    });
    expect(provider.seen[2]?.form).toMatchObject({
      subject_token: "oidc-token",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      scope,
    });
    const impersonating = { ...exchange, serviceAccount: "sa@p.iam.gserviceaccount.com" };
    expect((await obtain(impersonating, "oidc-secret", world)).value.token).toBe("sa-token");
    expect(provider.seen.at(-1)?.url.pathname).toBe(
      "/v1/projects/-/serviceAccounts/sa%40p.iam.gserviceaccount.com:generateAccessToken",
    );
  });
});

describe("the default credentials of Google are", () => {
  const ambient: GcpSource = { type: "ambient" };
  const user = (url: string) =>
    JSON.stringify({
      type: "authorized_user",
      client_id: "id",
      client_secret: "cs",
      refresh_token: "rt",
      token_uri: url,
      quota_project_id: "payer",
    });

  test("the file that a variable names, before gcloud's", async () => {
    using google = new FakeEndpoint(({ form }) => token(`t-${form["client_id"]}`));
    using directory = new TestDirectory();
    const named = directory.write("named.json", user(google.url));
    directory.write("gcloud/application_default_credentials.json", "{}");
    const world = new TestWorld({
      GOOGLE_APPLICATION_CREDENTIALS: named,
      CLOUDSDK_CONFIG: `${directory.path}/gcloud`,
      GOOGLE_CLOUD_QUOTA_PROJECT: "other-payer",
    });
    const { value, source } = await obtain(ambient, undefined, world);
    expect(value).toEqual({ token: "t-id", quotaProject: "other-payer" });
    expect(source).toBe(`Google of ${named}`);
  });

  test("gcloud's file, also one that came later", async () => {
    using google = new FakeEndpoint(() => token("t"));
    using directory = new TestDirectory();
    const world = new TestWorld({ HOME: directory.path, GCE_METADATA_HOST: "127.0.0.1:1" });
    expect(await reason(obtain(ambient, undefined, world))).toMatch(
      /^no default credentials of Google: .*gcloud auth application-default login.*the metadata server cannot be reached/,
    );
    directory.write(".config/gcloud/application_default_credentials.json", user(google.url));
    expect((await obtain(ambient, undefined, world)).value).toEqual({ token: "t", quotaProject: "payer" });
  });

  test("the metadata server's, never through a proxy", async () => {
    using server = new FakeEndpoint(() => token("machine-token", 600));
    using directory = new TestDirectory();
    const world = new TestWorld({ HOME: directory.path, GCE_METADATA_HOST: server.host });
    expect(await obtain(ambient, undefined, world)).toEqual({
      value: { token: "machine-token" },
      expiresAtMs: world.now + 600_000,
      source: "the metadata server",
    });
    const [seen] = server.seen;
    expect(seen?.url.pathname).toBe("/computeMetadata/v1/instance/service-accounts/default/token");
    expect(seen?.headers.get("metadata-flavor")).toBe("Google");
  });

  test("missed where the variable names no file", async () => {
    const world = new TestWorld({ GOOGLE_APPLICATION_CREDENTIALS: "/nowhere/at/all.json" });
    expect(await reason(obtain(ambient, undefined, world))).toMatch(
      /^GOOGLE_APPLICATION_CREDENTIALS cannot be read: ENOENT/,
    );
  });
});

describe("without a token of Google, the reason is told and no secret:", () => {
  const where = "environment variable PROVIDER_KEY";
  const canary = "canary-7f3a";
  const account = serviceAccount("http://127.0.0.1:1");

  const keys: { name: string; text: string | undefined; want: string }[] = [
    { name: "no text", text: undefined, want: `${where} cannot be read` },
    { name: "no JSON", text: `{"${canary}`, want: `${where} is not a JSON object` },
    { name: "another type", text: JSON.stringify({ type: canary }), want: `${where} is of no known type` },
    { name: "a type of every object", text: '{"type":"constructor"}', want: `${where} is of no known type` },
    {
      name: "no key",
      text: JSON.stringify({ ...account, private_key: undefined }),
      want: `${where}: the key has no private_key`,
    },
    {
      name: "a broken key",
      text: JSON.stringify({ ...account, private_key: `-----BEGIN PRIVATE KEY-----\n${canary}` }),
      want: `${where}: private_key is not an RSA key in PEM`,
    },
    { name: "nobody there", text: JSON.stringify(account), want: `${where}: Google cannot be reached: ` },
  ];
  test.each(keys)("$name", async ({ text, want }) => {
    const said = await reason(obtain(key, text));
    expect(said).toStartWith(want);
    expect(said).not.toContain(canary);
  });

  const answers: {
    name: string;
    play: (sent: { readonly [field: string]: string }) => Response;
    want: string;
  }[] = [
    {
      name: "a refusal, that quotes what was sent",
      play: (form) =>
        Response.json(
          { error: "invalid_grant", error_description: `Bad ${form["refresh_token"]}\nmore` },
          { status: 400 },
        ),
      want: "Google answered 400: invalid_grant: Bad [redacted]",
    },
    { name: "500", play: () => new Response(canary, { status: 500 }), want: "Google answered 500" },
    { name: "no JSON", play: () => new Response(canary), want: "Google did not answer with a JSON object" },
    {
      name: "no token",
      play: () => Response.json({ token: canary }),
      want: "the answer of Google has no access_token",
    },
    {
      name: "a token of two lines",
      play: () => Response.json({ access_token: `${canary}\n${canary}` }),
      want: "access_token in the answer of Google holds characters that no header may have",
    },
    {
      name: "elsewhere",
      play: () => new Response(null, { status: 302, headers: { location: `http://127.0.0.1/${canary}` } }),
      want: "Google answered 302",
    },
  ];
  test.each(answers)("an answer of $name", async ({ play, want }) => {
    using google = new FakeEndpoint(({ form }) => play(form));
    const said = await reason(
      byKey({
        type: "authorized_user",
        client_id: "id",
        client_secret: canary,
        refresh_token: `rt-${canary}`,
        token_uri: google.url,
      }),
    );
    expect(said).toBe(`${where}: ${want}`);
    expect(said).not.toContain(canary);
  });
});

test("a token that somebody else keeps fresh is sent as it is", async () => {
  const source: GcpSource = { type: "token", secret: secretRef };
  expect((await obtain(source, " ya29.given\n")).value).toEqual({ token: "ya29.given" });
  expect(await reason(obtain(source, ""))).toBe("environment variable PROVIDER_KEY is empty");
});
