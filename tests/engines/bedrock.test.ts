/** Requests to Bedrock, each signature checked by AWS's own signer on the other side. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { onEachEngine } from "../support/engines.ts";
import { type FakeBedrock, startFakeBedrock } from "../support/fake-bedrock.ts";
import type { Gateway } from "../support/gateway.ts";
import { chatBody, type ErrorBody, post, startLimitMs, startWith } from "../support/start.ts";

const account = { accessKeyId: "AKIDFILE", secretAccessKey: "se/cr+et" };
const credentials = `[other]\naws_access_key_id=WRONG\naws_secret_access_key=x\n[work]\naws_access_key_id=${account.accessKeyId}\naws_secret_access_key=${account.secretAccessKey}\n`;
const path = "/v1/chat/completions";
const claude = "anthropic.claude-v1:0";
const policy = (name: string, more: object = {}) => ({
  type: "AWSCredentials",
  awsCredentials: { region: "us-east-1", credentialsFile: { secretRef: { name }, profile: "work" } },
  ...more,
});
const override = { credentialOverride: { fromRequestHeaders: {} } };

interface EmbeddingsBody extends ErrorBody {
  readonly data?: readonly { readonly index: number; readonly embedding: readonly number[] }[];
  readonly usage?: object;
}

onEachEngine((engine) => {
  const profileArn = "arn:aws:bedrock:us-east-1:1:inference-profile/eu.x-v1:0";

  let bedrock: FakeBedrock;
  let gateway: Gateway;

  beforeAll(async () => {
    bedrock = startFakeBedrock(account);
    const common = { url: bedrock.url, schema: "AWSBedrock", secret: { credentials } } as const;
    const backends = [
      { ...common, name: "plain", policy: policy("plain") },
      {
        ...common,
        name: "edited",
        policy: policy("edited"),
        bodyMutation: { set: [{ path: "additionalModelRequestFields.top_k", value: "7" }] },
      },
      {
        ...common,
        name: "named",
        policy: policy("named"),
        hostname: "bedrock-runtime.eu-west-3.amazonaws.com",
      },
      { ...common, name: "own", policy: policy("own", override) },
    ];
    const rules = [
      { models: ["plain", claude, profileArn], backends: ["plain"] },
      ...["edited", "named", "own"].map((name) => ({ models: [name], backends: [name] })),
    ];
    gateway = await startWith(backends, { rules }, { engine });
  }, startLimitMs);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    bedrock?.[Symbol.dispose]();
  });

  async function ask(model: string, more: object = {}, headers: Record<string, string> = {}) {
    const answer = await post(gateway, path, chatBody(model, more), { headers });
    return { status: answer.status, text: await answer.text() };
  }

  describe("Bedrock takes", () => {
    const models = [
      { name: "a plain model", model: "plain", path: "/model/plain/converse" },
      { name: "a model with a colon", model: claude, path: `/model/${claude}/converse` },
      {
        name: "a profile whose slash is escaped",
        model: profileArn,
        path: `/model/${profileArn.replace("/", "%2F")}/converse`,
      },
    ];
    test.each(models)("$name", async ({ model, path: wanted }) => {
      expect(await ask(model)).toMatchObject({ status: 200, text: expect.stringContaining("Four.") });
      expect(bedrock.seen.at(-1)?.path).toBe(wanted);
      expect(bedrock.seen.at(-1)?.headers.get("host")).toBe("bedrock-runtime.us-east-1.amazonaws.com");
    });

    test("a stream", async () => {
      const { status, text } = await ask(claude, { stream: true });
      expect([status, text.includes("Four."), text.includes("[DONE]")]).toEqual([200, true, true]);
      expect(bedrock.seen.at(-1)?.path).toBe(`/model/${claude}/converse-stream`);
    });

    test("a body that was edited after it was translated", async () => {
      expect((await ask("edited")).status).toBe(200);
      const sent = JSON.parse(bedrock.seen.at(-1)?.text ?? "");
      expect(sent.additionalModelRequestFields).toEqual({ top_k: 7 });
    });

    test("the region of the name that the endpoint has", async () => {
      bedrock.region = "eu-west-3";
      expect((await ask("named")).status).toBe(200);
      expect(bedrock.seen.at(-1)?.headers.get("host")).toBe("bedrock-runtime.eu-west-3.amazonaws.com");
      bedrock.region = "us-east-1";
    });

    test("keys that came with the request, which travel no further", async () => {
      bedrock.account = { accessKeyId: "OWN", secretAccessKey: "own-secret", sessionToken: "own-token" };
      const headers = {
        "x-aigw-aws-access-key-id": "OWN",
        "x-aigw-aws-secret-access-key": "own-secret",
        "x-aigw-aws-session-token": "own-token",
      };
      expect((await ask("own", {}, headers)).status).toBe(200);
      const names = [...(bedrock.seen.at(-1)?.headers.keys() ?? [])];
      expect(names.filter((name) => name.startsWith("x-aigw"))).toEqual([]);
      bedrock.account = account;
      expect((await ask("own")).status).toBe(200);
    });

    test("no credentials that the client sent for something else", async () => {
      const headers = {
        authorization: "Bearer client",
        "x-api-key": "client",
        "x-amz-security-token": "client",
      };
      expect((await ask("plain", {}, headers)).status).toBe(200);
      expect(bedrock.seen.at(-1)?.headers.has("x-api-key")).toBe(false);
    });
  });

  describe("several texts, of which Titan takes one a request,", () => {
    const texts = Array.from({ length: 20 }, (_, index) => "x".repeat(index + 1));
    const embed = (input: unknown) => post(gateway, "/v1/embeddings", { model: "plain", input });

    test("come back in their order, with what all of them cost", async () => {
      const count = bedrock.seen.length;
      const answer = await embed(texts);
      const body = (await answer.json()) as EmbeddingsBody;
      if (engine === "envoy") {
        expect([answer.status, bedrock.seen.length - count]).toEqual([422, 0]);
        expect(body.error?.message).toMatch(/one input a request, not 20, and Envoy cannot send several/);
        return;
      }
      expect([answer.status, bedrock.seen.length - count]).toEqual([200, 20]);
      expect(body.data?.map(({ embedding }) => embedding[0])).toEqual(texts.map(({ length }) => length));
      expect(body.data?.map(({ index }) => index)).toEqual(texts.map((_, index) => index));
      expect(body.usage).toEqual({ prompt_tokens: 210, total_tokens: 210 });
    });

    test("are one request each only where they are several", async () => {
      const count = bedrock.seen.length;
      expect((await embed([texts[4]])).status).toBe(200);
      expect(bedrock.seen.length).toBe(count + 1);
    });
  });

  test("half of the request's keys is told to the client", async () => {
    const count = bedrock.seen.length;
    const { status, text } = await ask("own", {}, { "x-aigw-aws-access-key-id": "OWN" });
    const { error } = JSON.parse(text) as ErrorBody;
    expect([status, error?.message]).toEqual([
      401,
      "incomplete upstream credential: x-aigw-aws-access-key-id and x-aigw-aws-secret-access-key go together",
    ]);
    expect(bedrock.seen.length).toBe(count);
  });

  test("a clock that is wrong is put right by Bedrock's", async () => {
    bedrock.aheadMs = 3_600_000;
    const count = bedrock.seen.length;
    expect((await ask("plain")).status).toBe(200);
    expect((await ask("plain")).status).toBe(200);
    expect(bedrock.seen.length).toBe(count + 3);
    bedrock.aheadMs = 0;
  });

  test("a refusal that nothing mends is the client's", async () => {
    bedrock.account = { accessKeyId: "SOMEBODY", secretAccessKey: "x" };
    const count = bedrock.seen.length;
    const { status, text } = await ask("edited");
    expect([status, text.includes("security token")]).toEqual([403, true]);
    expect(bedrock.seen.length).toBe(count + 1);
    bedrock.account = account;
  });
});
