import { describe, expect, test } from "bun:test";
import { constants, createHash, createVerify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AzureIdentity, AzureSource } from "../../model/credential.ts";
import { reasonOf } from "../fresh.ts";
import { FakeEndpoint, secretRef, TestDirectory, TestWorld } from "../testing.ts";
import { azureSource } from "./azure-source.ts";

/** Self-signed, made for tests alone. */
const fixture = (name: string) => readFileSync(join(import.meta.dir, "fixtures", name), "utf8");
const certificate = fixture("client.pem");
const privateKey = fixture("client.key");

const secret: AzureSource = { type: "secret", secret: secretRef };
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const scope = "https://cognitiveservices.azure.com/.default";
const token = (text: string) => ({ token_type: "Bearer", expires_in: 3599, access_token: text });

interface Given {
  readonly source: AzureSource;
  readonly world: TestWorld;
  readonly value?: string | undefined;
  readonly tenantId?: string;
}

function obtain({ source, world, value, tenantId = "tenant-1" }: Given) {
  const way = { type: "azure", tenantId, clientId: "client-1", source } as const;
  return azureSource(way, { value: () => value }, world)();
}

async function reason(given: Given): Promise<string> {
  return await obtain(given).then(
    () => "it worked",
    (error: unknown) => reasonOf((error as Error).cause ?? error),
  );
}

const ambient = (...identities: AzureIdentity[]): AzureSource => ({ type: "ambient", identities });

describe("a token of Entra ID is had", () => {
  test("by a client's secret", async () => {
    using entra = new FakeEndpoint(() => token("entra-token"));
    const world = new TestWorld({ AZURE_AUTHORITY_HOST: `${entra.url}/` });
    expect(await obtain({ source: secret, world, value: " s3cret\n" })).toEqual({
      value: { token: "entra-token" },
      expiresAtMs: world.now + 3_599_000,
      source: "Entra ID",
    });
    expect(entra.calls).toEqual(["POST /tenant-1/oauth2/v2.0/token"]);
    expect(entra.seen[0]?.form).toEqual({
      grant_type: "client_credentials",
      client_id: "client-1",
      scope,
      client_secret: "s3cret",
    });
  });

  test("through the proxy that is named for it, if that is a URL", async () => {
    using entra = new FakeEndpoint(() => token("entra-token"));
    const proxies: (string | undefined)[] = [];
    for (const proxy of ["http://127.0.0.1:1", "nonsense", ""]) {
      const world = new TestWorld({ AZURE_AUTHORITY_HOST: entra.url, AI_GATEWAY_AZURE_PROXY_URL: proxy });
      const watched = Object.assign(world, {
        fetch: (...[url, request]: Parameters<typeof world.fetch>) => {
          proxies.push(request.proxy);
          return fetch(url, { method: request.method, body: request.body ?? null });
        },
      });
      await obtain({ source: secret, world: watched, value: "s" });
    }
    expect(proxies).toEqual(["http://127.0.0.1:1", undefined, undefined]);
  });

  test("at Microsoft's own, where nothing else is said", async () => {
    using entra = new FakeEndpoint(() => token("entra-token"));
    const world = new TestWorld();
    world.redirects.set("https://login.microsoftonline.com", entra.url);
    expect((await obtain({ source: secret, world, value: "s" })).value.token).toBe("entra-token");
  });

  test("by a client's certificate", async () => {
    using entra = new FakeEndpoint(() => token("entra-token"));
    const world = new TestWorld({ AZURE_AUTHORITY_HOST: entra.url });
    const source: AzureSource = { type: "certificate", secret: secretRef };
    await obtain({ source, world, value: `${privateKey}\n${certificate}` });
    const form = entra.seen[0]?.form ?? {};
    expect(form["client_assertion_type"]).toBe(assertionType);
    const [header = "", claims = "", signature = ""] = (form["client_assertion"] ?? "").split(".");
    const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    const x509 = new X509Certificate(certificate);
    expect(read(header)).toEqual({
      alg: "PS256",
      typ: "JWT",
      "x5t#S256": createHash("sha256").update(x509.raw).digest("base64url"),
    });
    const now = world.now / 1000;
    expect(read(claims)).toEqual({
      aud: `${entra.url}/tenant-1/oauth2/v2.0/token`,
      iss: "client-1",
      sub: "client-1",
      jti: expect.any(String),
      nbf: now,
      iat: now,
      exp: now + 600,
    });
    const verify = createVerify("sha256").update(`${header}.${claims}`);
    const padded = {
      key: x509.publicKey.export({ type: "spki", format: "pem" }),
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 32,
    };
    expect(verify.verify(padded, Buffer.from(signature, "base64url"))).toBe(true);
  });

  test("by a token of another OpenID provider", async () => {
    using entra = new FakeEndpoint(({ url }) =>
      url.pathname === "/oidc/token" ? { access_token: "oidc-token" } : token("entra-token"),
    );
    const client = {
      issuer: "https://unused.example.com",
      tokenEndpoint: `${entra.url}/oidc/token`,
      clientId: "oidc-client",
      secret: secretRef,
      scopes: [],
    };
    const world = new TestWorld({ AZURE_AUTHORITY_HOST: entra.url });
    await obtain({ source: { type: "exchange", client }, world, value: "oidc-secret" });
    expect(entra.seen[0]?.form).toMatchObject({ client_id: "oidc-client", client_secret: "oidc-secret" });
    expect(entra.seen[1]?.form).toEqual({
      grant_type: "client_credentials",
      client_id: "client-1",
      scope,
      client_assertion_type: assertionType,
      client_assertion: "oidc-token",
    });
  });

  test("by the environment's variables, which come before the policy's members", async () => {
    using entra = new FakeEndpoint(() => token("entra-token"));
    const world = new TestWorld({
      AZURE_AUTHORITY_HOST: entra.url,
      AZURE_TENANT_ID: "env-tenant",
      AZURE_CLIENT_ID: "env-client",
      AZURE_CLIENT_SECRET: "env-secret",
    });
    await obtain({ source: ambient("environment"), world });
    expect(entra.calls).toEqual(["POST /env-tenant/oauth2/v2.0/token"]);
    expect(entra.seen[0]?.form).toMatchObject({ client_id: "env-client", client_secret: "env-secret" });
  });

  test("by a certificate that a variable names", async () => {
    using entra = new FakeEndpoint(() => token("entra-token"));
    using directory = new TestDirectory();
    const path = directory.write("client.pem", certificate + privateKey);
    const world = new TestWorld({ AZURE_AUTHORITY_HOST: entra.url, AZURE_CLIENT_CERTIFICATE_PATH: path });
    await obtain({ source: ambient("environment"), world });
    expect(entra.seen[0]?.form["client_assertion"]).toMatch(/^eyJ/);
  });

  test("by a workload's token, read anew each time", async () => {
    using entra = new FakeEndpoint(({ form }) => token(`for-${form["client_assertion"]}`));
    using directory = new TestDirectory();
    const path = directory.write("federated", "one\n");
    const world = new TestWorld({ AZURE_AUTHORITY_HOST: entra.url, AZURE_FEDERATED_TOKEN_FILE: path });
    expect((await obtain({ source: ambient("workload"), world })).value.token).toBe("for-one");
    directory.write("federated", "two");
    expect((await obtain({ source: ambient("workload"), world })).value.token).toBe("for-two");
  });

  test("by the machine's identity", async () => {
    using metadata = new FakeEndpoint(() => ({ access_token: "machine", expires_on: "1767326400" }));
    const world = new TestWorld({
      AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url,
      AZURE_CLIENT_ID: "assigned",
    });
    expect(await obtain({ source: ambient("managed"), world })).toEqual({
      value: { token: "machine" },
      expiresAtMs: 1_767_326_400_000,
      source: "the managed identity",
    });
    const [seen] = metadata.seen;
    expect(seen?.headers.get("metadata")).toBe("true");
    expect(`${seen?.url.pathname}${seen?.url.search}`).toBe(
      "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com&client_id=assigned",
    );
  });

  test("by the identity of an App Service", async () => {
    using service = new FakeEndpoint(() => ({ access_token: "app", expires_on: 1_767_326_400 }));
    const world = new TestWorld({ IDENTITY_ENDPOINT: `${service.url}/msi/token`, IDENTITY_HEADER: "h" });
    expect((await obtain({ source: ambient("managed"), world })).value.token).toBe("app");
    expect(service.seen[0]?.headers.get("x-identity-header")).toBe("h");
  });

  const cli = [
    { name: "young", answer: { accessToken: "cli", expires_on: 1_767_326_400 }, at: 1_767_326_400_000 },
    {
      name: "old",
      answer: { accessToken: "cli", expiresOn: "2026-01-02 04:00:00.000000" },
      at: new Date(2026, 0, 2, 4).getTime(),
    },
  ];
  test.each(cli)("from az login, by a $name az", async ({ answer, at }) => {
    using directory = new TestDirectory();
    const body = JSON.stringify(answer);
    directory.write("az", `#!/bin/sh\necho "$*" > "${directory.path}/asked"\necho '${body}'\n`, 0o700);
    const world = new TestWorld({ PATH: `${directory.path}:${process.env["PATH"]}`, AZURE_TENANT_ID: "t" });
    expect(await obtain({ source: ambient("cli"), world })).toEqual({
      value: { token: "cli" },
      expiresAtMs: at,
      source: "az login",
    });
    expect(await Bun.file(`${directory.path}/asked`).text()).toBe(
      "account get-access-token --output json --resource https://cognitiveservices.azure.com --tenant t\n",
    );
  });

  test("from the first identity that gives one", async () => {
    using metadata = new FakeEndpoint(() => ({ access_token: "machine", expires_in: "600" }));
    const world = new TestWorld({ AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url });
    const source = ambient("environment", "workload", "managed", "cli");
    expect(await obtain({ source, world })).toMatchObject({
      value: { token: "machine" },
      expiresAtMs: world.now + 600_000,
    });
  });
});

describe("without a token of Entra ID, the reason is told and no secret:", () => {
  const canary = "canary-7f3a";
  const nowhere = { AZURE_AUTHORITY_HOST: "http://127.0.0.1:1" };

  const cases: { name: string; given: Omit<Given, "world">; want: string }[] = [
    {
      name: "no secret",
      given: { source: secret },
      want: "environment variable PROVIDER_KEY cannot be read",
    },
    {
      name: "a tenant that leads elsewhere",
      given: { source: secret, value: canary, tenantId: "../evil" },
      want: 'tenantID "../evil" is not an ID or a domain name',
    },
    { name: "nobody there", given: { source: secret, value: canary }, want: "Entra ID cannot be reached: " },
    {
      name: "a certificate without a key",
      given: { source: { type: "certificate", secret: secretRef }, value: certificate },
      want: "the private key of the client certificate is not an RSA key in PEM",
    },
    {
      name: "a key without a certificate",
      given: { source: { type: "certificate", secret: secretRef }, value: canary },
      want: "the client certificate is not in PEM",
    },
    {
      name: "no identity at all",
      given: { source: ambient("environment", "workload", "cli") },
      want: "no identity for Azure: environment: neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set; workload: AZURE_FEDERATED_TOKEN_FILE is not set; cli: az is not installed",
    },
  ];
  test.each(cases)("$name", async ({ given, want }) => {
    const said = await reason({ ...given, world: new TestWorld({ ...nowhere, PATH: "/nowhere" }) });
    expect(said).toStartWith(want);
    expect(said).not.toContain(canary);
  });

  test("Entra ID refuses, and quotes the secret", async () => {
    using entra = new FakeEndpoint(({ form }) =>
      Response.json(
        {
          error: "invalid_client",
          error_description: `AADSTS7000215: ${form["client_secret"]} is wrong.\r\nTrace`,
        },
        { status: 401 },
      ),
    );
    const world = new TestWorld({ AZURE_AUTHORITY_HOST: entra.url });
    expect(await reason({ source: secret, world, value: canary })).toBe(
      "Entra ID answered 401: invalid_client: AADSTS7000215: [redacted] is wrong.",
    );
  });

  test("az is not logged in", async () => {
    using directory = new TestDirectory();
    directory.write("az", "#!/bin/sh\necho 'Please run az login to setup account.' >&2\nexit 1\n", 0o700);
    const world = new TestWorld({ PATH: `${directory.path}:${process.env["PATH"]}` });
    expect(await reason({ source: ambient("cli"), world })).toBe(
      "no identity for Azure: cli: az failed: Please run az login to setup account.",
    );
  });
});
