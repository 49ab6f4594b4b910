import { describe, expect, test } from "bun:test";
import { CredentialSources } from "../credentials/index.ts";
import type { UpstreamHead } from "../dialects/passage.ts";
import { createEndpointTable } from "../endpoints/endpoint-table.ts";
import type { AiBackend, SchemaName } from "../model/ai.ts";
import type { Credential } from "../model/credential.ts";
import type { ExchangeModel } from "../model/gateway.ts";
import { noHeaderEdits, type Secrets } from "../model/values.ts";
import { Exchange, isLocalAnswer } from "./exchange.ts";
import { prepareExchange } from "./prepare.ts";
import type { Settled } from "./settled.ts";
import type { UpstreamMessage } from "./upstream-message.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function backend(key: string, schema: SchemaName, more: Partial<AiBackend> = {}): AiBackend {
  const base = { at: 0, key, print: key, backendName: `default/${key}`, routeName: "default/route" };
  return { ...base, schema: { name: schema, prefix: "v1" }, headers: noHeaderEdits, body: [], ...more };
}

const key: Credential = {
  at: 0,
  key: "key",
  print: "key",
  way: {
    type: "header",
    name: "authorization",
    scheme: "Bearer",
    secret: { id: "s", from: "literal", name: "s", fingerprint: "f", at: 0 },
  },
};

const azure: Credential = {
  at: 0,
  key: "azure",
  print: "azure",
  way: {
    type: "azure",
    tenantId: "t",
    clientId: "c",
    source: {
      type: "secret",
      secret: { id: "s", from: "literal", name: "s", fingerprint: "f", at: 0 },
    },
  },
};

const model: ExchangeModel = {
  aiBackends: Object.fromEntries(
    [
      backend("plain", "OpenAI"),
      backend("second", "OpenAI", {
        modelOverride: "second-model",
        schema: { name: "OpenAI", prefix: "second/v1" },
      }),
      backend("keyed", "OpenAI", { credential: "key" }),
      backend("cloud", "OpenAI", { credential: "azure" }),
      backend("edited", "OpenAI", {
        headers: { ...noHeaderEdits, remove: ["x-drop"], set: [["x-set", "new"]] },
        body: [{ op: "set", path: ["service_tier"], json: '"flex"' }],
      }),
      backend("cohere", "Cohere"),
      backend("claude", "Anthropic"),
    ].map((one) => [one.key, one]),
  ),
  credentials: { key, azure },
  costs: {
    global: [{ at: 0, metadataKey: "tokens", amount: "total" }],
    byRoute: {
      "default/route": [
        { at: 0, metadataKey: "double", amount: { source: "output_tokens * 2u", result: "count" } },
      ],
    },
  },
  models: { all: [], byHost: {}, unscoped: [] },
};
const secrets: Secrets = { value: () => "sk-configured" };

/** A second engine in thirty lines: what Envoy would do, with everything that crosses the wire kept as data. */
class FakeEngine {
  readonly settled: Settled[] = [];
  readonly costFailures: string[] = [];
  readonly warnings: string[] = [];
  readonly credentialFailures: string[] = [];
  /** Tokens that the cloud gives, in order; when they are used up it is down. */
  readonly tokens = ["t1", "t2", "t3"];
  readonly #twin = prepareExchange(model, secrets, {
    settled: (settled) => this.settled.push(settled),
    onCostFailure: (metadataKey) => this.costFailures.push(metadataKey),
    onWarning: ({ path }) => this.warnings.push(path),
    onCredentialFailure: (credential, reason) => this.credentialFailures.push(`${credential}: ${reason}`),
    credentials: new CredentialSources({
      environment: {},
      fetch: async () => {
        const token = this.tokens.shift();
        return token === undefined
          ? new Response(null, { status: 500 })
          : Response.json({ access_token: token, expires_in: 3600 });
      },
    }),
  });

  begin(path: string, headers: Record<string, string> = {}): Exchange {
    const found = createEndpointTable().lookup("POST", path, "id-1");
    if (found.type !== "endpoint") throw new Error(`${path} is no endpoint`);
    const view = new Headers({ "content-type": "application/json", ...headers });
    return new Exchange(this.#twin, found.endpoint, { method: "POST", headers: view, requestId: "id-1" });
  }

  async message(exchange: Exchange, backendKey: string): Promise<UpstreamMessage> {
    const message = await exchange.attempt(backendKey);
    if (isLocalAnswer(message)) throw new Error(`answered ${message.status}: ${message.body}`);
    return message;
  }

  /** Plays an answer through the plan and gives the client's body. */
  answer(exchange: Exchange, head: Partial<UpstreamHead>, pieces: readonly string[]): string {
    const headers = new Headers({ "content-type": "application/json" });
    const plan = exchange.answer({ status: 200, headers, isEncoded: false, ...head });
    const out: string[] = [];
    switch (plan.type) {
      case "pass":
        return pieces.join("");
      case "whole":
        return decode(plan.read(encode(pieces.join("")))?.body ?? encode(pieces.join("")));
      case "tap":
        for (const piece of pieces) plan.stage.push(encode(piece), () => {});
        plan.stage.end(() => {}, false);
        return pieces.join("");
      case "rewrite":
        for (const piece of pieces) plan.stage.push(encode(piece), (bytes) => out.push(decode(bytes)));
        plan.stage.end((bytes) => out.push(decode(bytes)), false);
        return out.join("");
    }
  }
}

const chatBody = '{"model":"m","messages":[{"role":"user","content":"Hi."}]}';
const chatAnswer =
  '{"id":"1","model":"m-2026","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}';

describe("Exchange", () => {
  test("a whole answer passes as it came, is counted, and is settled once", async () => {
    const engine = new FakeEngine();
    const exchange = engine.begin("/v1/chat/completions");
    expect(exchange.open(encode(chatBody))).toBeUndefined();
    expect(exchange.model).toBe("m");
    const message = await engine.message(exchange, "plain");
    expect([message.path, decode(message.body), message.isBodyReplaced]).toEqual([
      "/v1/chat/completions",
      chatBody,
      false,
    ]);
    expect(engine.answer(exchange, {}, [chatAnswer])).toBe(chatAnswer);
    exchange.settle({ status: 200, isComplete: true });
    expect(exchange.settle({ status: 200, isComplete: true })).toBeUndefined();
    expect(engine.settled).toHaveLength(1);
    expect(engine.settled[0]).toMatchObject({
      operation: "chat",
      originalModel: "m",
      requestModel: "m",
      responseModel: "m-2026",
      usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
      isError: false,
      costs: { tokens: 7, double: 8 },
    });
  });

  test("each attempt starts from the client's request: nothing of the first leaks into the second", async () => {
    const engine = new FakeEngine();
    const exchange = engine.begin("/v1/chat/completions");
    exchange.open(encode(chatBody));
    const edited = await engine.message(exchange, "edited");
    expect(decode(edited.body)).toContain('"service_tier":"flex"');
    expect(edited.remove).toContain("x-drop");
    expect(edited.set).toContainEqual(["x-set", "new"]);
    const second = await engine.message(exchange, "second");
    expect(second.path).toBe("/second/v1/chat/completions");
    expect(decode(second.body)).toBe(chatBody.replace('"m"', '"second-model"'));
    expect(second.remove).toEqual([]);
    engine.answer(exchange, {}, [chatAnswer]);
    exchange.settle({ status: 200, isComplete: true });
    expect(engine.settled[0]).toMatchObject({
      attempts: 2,
      originalModel: "m",
      requestModel: "second-model",
    });
  });

  test("a configured credential comes last and takes the client's own away", async () => {
    const engine = new FakeEngine();
    const exchange = engine.begin("/v1/chat/completions", {
      authorization: "Bearer client",
      "x-api-key": "client",
      "X-Amz-Security-Token": "client",
    });
    exchange.open(encode(chatBody));
    const message = await engine.message(exchange, "keyed");
    expect(message.set.at(-1)).toEqual(["authorization", "Bearer sk-configured"]);
    expect(message.remove).toContain("x-api-key");
    expect(message.removePrefixes).toEqual(["x-ai-eg-", "x-aigw-", "x-amz-"]);
  });

  test("a stream is asked for usage, counted, and the chunk nobody asked for does not reach the client", async () => {
    const engine = new FakeEngine();
    const exchange = engine.begin("/v1/chat/completions");
    exchange.open(encode('{"model":"m","stream":true,"messages":[]}'));
    const message = await engine.message(exchange, "plain");
    expect(JSON.parse(decode(message.body))).toMatchObject({ stream_options: { include_usage: true } });
    const content = 'data: {"model":"m-2026","choices":[{"index":0,"delta":{"content":"4"}}]}\n\n';
    const usage =
      'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}\n\n';
    const headers = new Headers({ "content-type": "text/event-stream" });
    const got = engine.answer(exchange, { headers }, [content, usage, "data: [DONE]\n\n"]);
    expect(got).toBe(`${content}data: [DONE]\n\n`);
    exchange.settle({ status: 200, isComplete: true });
    const [settled] = engine.settled;
    expect(settled).toMatchObject({
      isStream: true,
      isError: false,
      usage: { inputTokens: 9, outputTokens: 2 },
    });
    expect(settled?.firstTokenMs).toBeGreaterThanOrEqual(0);
    expect(settled?.perOutputTokenMs).toBeGreaterThanOrEqual(0);
  });

  test("a client that leaves behind [DONE] got its answer; one that leaves before did not", async () => {
    for (const [last, isError] of [
      ["data: [DONE]\n\n", false],
      ["", true],
    ] as const) {
      const engine = new FakeEngine();
      const exchange = engine.begin("/v1/chat/completions");
      exchange.open(
        encode('{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[]}'),
      );
      await engine.message(exchange, "plain");
      const headers = new Headers({ "content-type": "text/event-stream" });
      engine.answer(exchange, { headers }, [
        'data: {"choices":[{"index":0,"delta":{"content":"4"}}]}\n\n',
        last,
      ]);
      exchange.settle({ status: 200, isComplete: false });
      expect(engine.settled[0]?.isError, JSON.stringify(last)).toBe(isError);
    }
  });

  const localAnswers: {
    name: string;
    path: string;
    body: string;
    backend?: string;
    status: number;
    says: string;
  }[] = [
    {
      name: "malformed JSON",
      path: "/v1/chat/completions",
      body: "{",
      status: 400,
      says: "malformed request",
    },
    { name: "no model", path: "/v1/chat/completions", body: '{"messages":[]}', status: 400, says: "model" },
    {
      name: "a pair that nobody serves",
      path: "/v1/chat/completions",
      body: chatBody,
      backend: "cohere",
      status: 501,
      says: "/v1/chat/completions is not supported by backends of schema Cohere",
    },
    {
      name: "an unknown backend",
      path: "/v1/chat/completions",
      body: chatBody,
      backend: "nobody",
      status: 500,
      says: "",
    },
  ];
  test.each(localAnswers)("$name is answered with $status in the client's dialect", async (given) => {
    const engine = new FakeEngine();
    const exchange = engine.begin(given.path);
    const answer = exchange.open(encode(given.body)) ?? (await exchange.attempt(given.backend ?? "plain"));
    if (!isLocalAnswer(answer)) throw new Error("forwarded");
    expect(answer.status).toBe(given.status);
    expect(JSON.parse(answer.body)).toMatchObject({ type: "error", error: { code: String(given.status) } });
    expect(answer.body).toContain(given.says);
    exchange.settle({ status: answer.status, isComplete: true });
    expect(engine.settled[0]).toMatchObject({ isError: true, usage: {}, costs: undefined });
  });

  test("an error of the upstream keeps its status, and an HTML page becomes the client's own shape", async () => {
    const engine = new FakeEngine();
    const exchange = engine.begin("/v1/chat/completions");
    exchange.open(encode(chatBody));
    await engine.message(exchange, "plain");
    const headers = new Headers({ "content-type": "text/html" });
    const got = engine.answer(exchange, { status: 503, headers }, ["<h1>busy</h1>"]);
    expect(JSON.parse(got)).toMatchObject({
      type: "error",
      error: { type: "OpenAIBackendError", message: "<h1>busy</h1>" },
    });
    exchange.settle({ status: 503, isComplete: true });
    expect(engine.settled[0]).toMatchObject({ isError: true, responseModel: undefined, costs: undefined });
  });

  test("what does not travel is told when the exchange is over", async () => {
    const engine = new FakeEngine();
    const exchange = engine.begin("/v1/chat/completions");
    exchange.open(
      encode(
        '{"model":"m","messages":[{"role":"user","content":"Hi."},{"role":"system","content":"Be brief."}]}',
      ),
    );
    await engine.message(exchange, "claude");
    expect(exchange.warnings.length).toBeGreaterThan(0);
    expect(engine.warnings).toEqual([]);
    exchange.settle({ status: 200, isComplete: true });
    expect(engine.warnings).toEqual(exchange.warnings.map(({ path }) => path));
  });

  test("an error without a body passes without one", async () => {
    const engine = new FakeEngine();
    const exchange = engine.begin("/v1/chat/completions");
    exchange.open(encode(chatBody));
    await engine.message(exchange, "plain");
    expect(engine.answer(exchange, { status: 502 }, [])).toBe("");
  });

  test("a good answer that is no JSON still reaches the client, uncounted", async () => {
    const engine = new FakeEngine();
    const exchange = engine.begin("/v1/chat/completions");
    exchange.open(encode(chatBody));
    await engine.message(exchange, "plain");
    expect(engine.answer(exchange, {}, ["not json"])).toBe("not json");
    exchange.settle({ status: 200, isComplete: true });
    expect(engine.settled[0]).toMatchObject({ usage: {}, responseModel: "m" });
  });
});

describe("a refused credential", () => {
  const bearerOf = ({ set }: UpstreamMessage) => new Map(set).get("authorization");
  const refusal = (status: number) => ({ status, headers: new Headers() });

  function begin(engine: FakeEngine): Exchange {
    const exchange = engine.begin("/v1/chat/completions");
    exchange.open(encode(chatBody));
    return exchange;
  }

  test("is had anew, and tried again, once", async () => {
    const engine = new FakeEngine();
    const exchange = begin(engine);
    expect(bearerOf(await engine.message(exchange, "cloud"))).toBe("Bearer t1");
    expect(exchange.refused(refusal(200))).toBe(false);
    expect(exchange.refused(refusal(500))).toBe(false);
    expect(exchange.refused(refusal(401))).toBe(true);
    expect(bearerOf(await engine.message(exchange, "cloud"))).toBe("Bearer t2");
    expect(exchange.refused(refusal(401))).toBe(false);
  });

  test("is had once for all exchanges that were refused", async () => {
    const engine = new FakeEngine();
    const exchanges = [begin(engine), begin(engine), begin(engine)];
    for (const exchange of exchanges) await engine.message(exchange, "cloud");
    expect(exchanges.map((exchange) => exchange.refused(refusal(401)))).toEqual([true, true, true]);
    const second = await Promise.all(exchanges.map((exchange) => engine.message(exchange, "cloud")));
    expect(second.map(bearerOf)).toEqual(["Bearer t2", "Bearer t2", "Bearer t2"]);
    expect(engine.tokens).toEqual(["t3"]);
  });

  test("that is a key stays refused", async () => {
    const engine = new FakeEngine();
    const exchange = begin(engine);
    await engine.message(exchange, "keyed");
    expect(exchange.refused(refusal(401))).toBe(false);
  });
});

test("a credential that cannot be had is 503 for the client, and its reason goes to the log", async () => {
  const engine = new FakeEngine();
  engine.tokens.length = 0;
  const exchange = engine.begin("/v1/chat/completions");
  exchange.open(encode(chatBody));
  const answer = await exchange.attempt("cloud");
  if (!isLocalAnswer(answer)) throw new Error("it was sent");
  expect([answer.status, answer.failure]).toEqual([503, "credential_unavailable"]);
  expect(answer.body).not.toContain("Entra");
  expect(engine.credentialFailures).toEqual(["azure: Entra ID answered 500"]);
});
