/** Credentials that are fetched: by the compiled program, from endpoints on this machine, as they rotate and fail. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gatewayYaml } from "../support/config.ts";
import { onEachEngine, testUnless } from "../support/engines.ts";
import { type FakeBedrock, startFakeBedrock } from "../support/fake-bedrock.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { chatBody, type ErrorBody, post, startLimitMs } from "../support/start.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

const answerText = {
  model: "m",
  choices: [],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};

/** What must not be seen anywhere: neither what the gateway was given nor what it fetched. */
const canaries = {
  googleToken: "canary-google-token",
  entraToken: "canary-entra-token",
  entraSecret: "canary-entra-secret",
  agentSecret: "canary-agent-secret",
  agentToken: "canary-agent-session",
  brokenSecret: "canary-broken-secret",
  ownToken: "canary-of-the-client",
};

onEachEngine((engine) => {
  const port = freePort();
  /** How often each has been asked; a token ends with its number. */
  const asked = { google: 0, entra: 0, agent: 0, broken: 0 };
  /** Plays Google, Entra ID and the container's agent. */
  let clouds: Upstream;
  let upstream: Upstream;
  let bedrock: FakeBedrock;
  let gateway: Gateway;
  let isEntraDown = false;
  let refuses: string | undefined;

  const agentKeys = (count: number) => ({
    accessKeyId: `AKIDAGENT${count}`,
    secretAccessKey: canaries.agentSecret,
    sessionToken: `${canaries.agentToken}-${count}`,
  });

  function playClouds({ path, text }: { path: string; text: string }): Response {
    if (path.startsWith("/google")) {
      asked.google += 1;
      return Response.json({ access_token: `${canaries.googleToken}-${asked.google}`, expires_in: 3600 });
    }
    if (path.startsWith("/agent")) {
      asked.agent += 1;
      const { accessKeyId, secretAccessKey, sessionToken } = agentKeys(asked.agent);
      const Expiration = new Date(Date.now() + 3_600_000).toISOString();
      return Response.json({
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration,
      });
    }
    if (path.startsWith("/broken")) {
      asked.broken += 1;
      const quoted = new URLSearchParams(text).get("client_secret");
      return Response.json(
        { error: "invalid_client", error_description: `wrong: ${quoted}` },
        { status: 401 },
      );
    }
    asked.entra += 1;
    if (isEntraDown) return new Response("down", { status: 500 });
    return Response.json({ access_token: `${canaries.entraToken}-${asked.entra}`, expires_in: 3600 });
  }

  function configText(): string {
    const googleKey = {
      type: "service_account",
      client_email: "me@p.iam.gserviceaccount.com",
      private_key: privateKey,
      token_uri: `${clouds.url}/google`,
    };
    const azure = (name: string, tenantID: string) => ({
      type: "AzureCredentials",
      azureCredentials: { clientID: "c", tenantID, clientSecretRef: { name } },
    });
    const url = upstream.url;
    return gatewayYaml({
      port,
      backends: [
        {
          name: "google",
          url,
          schema: "GCPVertexAI",
          secret: { "service_account.json": JSON.stringify(googleKey) },
          policy: {
            type: "GCPCredentials",
            gcpCredentials: {
              projectName: "p",
              region: "r",
              credentialsFile: { secretRef: { name: "google" } },
            },
            credentialOverride: { fromRequestHeaders: {} },
          },
        },
        {
          name: "azure",
          url,
          schema: "AzureOpenAI",
          version: "2025-01-01-preview",
          secret: { "client-secret": canaries.entraSecret },
          policy: azure("azure", "tenant"),
        },
        {
          name: "broken",
          url,
          schema: "AzureOpenAI",
          version: "2025-01-01-preview",
          secret: { "client-secret": canaries.brokenSecret },
          policy: azure("broken", "broken"),
        },
        {
          name: "aws",
          url: bedrock.url,
          schema: "AWSBedrock",
          policy: { type: "AWSCredentials", awsCredentials: { region: "us-east-1" } },
        },
        { name: "plain", url, apiKey: "canary-of-a-key" },
      ],
      rules: [
        ...["google", "azure", "broken", "aws"].map((name) => ({ models: [name], backends: [name] })),
        { models: ["either"], backends: ["broken", "plain"] },
      ],
    });
  }

  beforeAll(async () => {
    clouds = startUpstream();
    clouds.answerWith(playClouds);
    upstream = startUpstream();
    upstream.answerWith(({ headers }) => {
      const sent = headers.get("authorization")?.replace("Bearer ", "");
      if (sent === undefined || sent !== refuses) return Response.json(answerText);
      return Response.json({ error: { message: "token expired" } }, { status: 401 });
    });
    bedrock = startFakeBedrock(agentKeys(1));
    gateway = await startGateway({
      engine,
      config: configText(),
      flags: ["--debug", "--run-id=0"],
      env: {
        AZURE_AUTHORITY_HOST: clouds.url,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${clouds.url}/agent`,
      },
    });
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    for (const one of [clouds, upstream, bedrock]) one?.[Symbol.dispose]();
  });

  async function ask(model: string, headers: Record<string, string> = {}) {
    const answer = await post(gateway, "/v1/chat/completions", chatBody(model), { headers });
    return { status: answer.status, text: await answer.text() };
  }

  const sentToken = () => upstream.seen.at(-1)?.headers.get("authorization");

  test("nothing is asked of a cloud before it is needed", () => {
    expect(asked).toEqual({ google: 0, entra: 0, agent: 0, broken: 0 });
  });

  test("Google's token goes with each request, below project and region", async () => {
    upstream.answerWith(() => Response.json({ candidates: [] }));
    expect(
      (await Promise.all([ask("google"), ask("google"), ask("google")])).map(({ status }) => status),
    ).toEqual([200, 200, 200]);
    expect(asked.google).toBe(1);
    expect(sentToken()).toBe(`Bearer ${canaries.googleToken}-1`);
    expect(upstream.seen.at(-1)?.path).toBe(
      "/v1/projects/p/locations/r/publishers/google/models/google:generateContent",
    );
    expect((await ask("google", { "x-aigw-gcp-access-token": canaries.ownToken })).status).toBe(200);
    expect(sentToken()).toBe(`Bearer ${canaries.ownToken}`);
    expect(upstream.seen.at(-1)?.headers.has("x-aigw-gcp-access-token")).toBe(false);
  });

  test("a token that Azure refuses is fetched anew, and the request sent again, once", async () => {
    upstream.answerWith(({ headers }) =>
      headers.get("authorization") === `Bearer ${refuses}`
        ? Response.json({ error: { message: "token expired" } }, { status: 401 })
        : Response.json(answerText),
    );
    expect((await ask("azure")).status).toBe(200);
    refuses = `${canaries.entraToken}-1`;
    const count = upstream.seen.length;
    expect((await ask("azure")).status).toBe(200);
    expect([asked.entra, upstream.seen.length, sentToken()]).toEqual([
      2,
      count + 2,
      `Bearer ${canaries.entraToken}-2`,
    ]);
    refuses = `${canaries.entraToken}-2`;
    const { status, text } = await ask("azure");
    expect([status, (JSON.parse(text) as ErrorBody).error?.message]).toEqual([401, "token expired"]);
    expect(asked.entra).toBe(2);
    refuses = undefined;
  });

  test("keys of the container's agent sign, and are fetched anew when they have expired", async () => {
    expect((await ask("aws")).status).toBe(200);
    expect(asked.agent).toBe(1);
    bedrock.account = agentKeys(2);
    expect((await ask("aws")).status).toBe(200);
    expect(asked.agent).toBe(2);
  });

  test("a reload leaves tokens alone where nothing about them has changed", async () => {
    isEntraDown = true;
    const before = { ...asked };
    writeFileSync(join(gateway.home, "config.yaml"), `# edited\n${configText()}`);
    while (!gateway.stderr().includes("configuration reloaded")) await Bun.sleep(20);
    expect((await ask("azure")).status).toBe(200);
    expect((await ask("aws")).status).toBe(200);
    expect(asked).toEqual(before);
    isEntraDown = false;
  });

  test("a credential that cannot be had makes its backend 503", async () => {
    const { status, text } = await ask("broken");
    expect([status, JSON.parse(text)]).toEqual([
      503,
      {
        type: "error",
        error: {
          type: "ServiceUnavailable",
          code: "503",
          message: "the credential for the upstream is not available",
        },
      },
    ]);
    // While the source is left alone nobody waits for it.
    for (let count = 0; count < 8; count += 1) await ask("broken");
    expect(asked.broken).toBeLessThan(8);
  });

  const why = "Envoy does not try again what a filter of the cluster has answered";
  testUnless(engine === "envoy", why)("where there are others they take over for it", async () => {
    for (let count = 0; count < 8; count += 1) expect((await ask("either")).status).toBe(200);
    expect(upstream.seen.at(-1)?.headers.get("authorization")).toBe("Bearer canary-of-a-key");
  });

  test("the log says which credential could not be had and why", () => {
    const log = readFileSync(join(gateway.home, "state/runs/0/aigw.log"), "utf8");
    const said = log.split("\n").filter((line) => line.includes("credential not available"));
    expect(said.length).toBe(1);
    expect(said[0]).toContain("default/broken");
    expect(said[0]).toContain("Entra ID answered 401: invalid_client: wrong: [redacted]");
  });

  test("no secret is in any file but the configuration, nor in what was printed", async () => {
    const admin = await Promise.all(
      ["/metrics", "/health"].map(async (path) => await (await fetch(gateway.adminUrl + path)).text()),
    );
    const files = readdirSync(gateway.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "config.yaml")
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    expect(files.length).toBeGreaterThan(3);
    const everything = [...files, ...admin, gateway.stdout(), gateway.stderr()].join("\n");
    expect(everything).toContain("credential obtained");
    expect(["canary-", "PRIVATE KEY"].filter((secret) => everything.includes(secret))).toEqual([]);
  });
});
