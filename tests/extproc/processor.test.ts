/** The processor as Envoy drives it, without Envoy: `fake-envoy.ts` sends what Envoy would send. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import {
  buffered,
  FakeEnvoy,
  type FakeRequest,
  type ScriptedAnswer,
  StreamEnded,
  streamed,
} from "./fake-envoy.ts";
import {
  backend,
  backends,
  model,
  modelOf,
  secrets,
  startProcessor,
  type TestProcessor,
} from "./processor.ts";

let running: TestProcessor;
let envoy: FakeEnvoy;

beforeAll(async () => {
  running = await startProcessor();
  envoy = new FakeEnvoy(running.server.target);
});
afterAll(async () => {
  envoy.close();
  await running[Symbol.asyncDispose]();
});
beforeEach(() => {
  running.settled.length = 0;
  running.log.length = 0;
  running.processor.replace(model, secrets);
});

const chat = (more: object = {}) =>
  JSON.stringify({ model: "gpt-x", messages: [{ role: "user", content: "Hi." }], ...more });
const completion = JSON.stringify({
  id: "1",
  model: "gpt-x-2026",
  choices: [],
  usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
});
const good: ScriptedAnswer = {
  headers: { "content-type": "application/json", "content-length": String(completion.length) },
  body: [completion],
};
const chunk = (content: string) => `data: {"choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
const usageChunk =
  'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}\n\n';
const done = "data: [DONE]\n\n";
const events: ScriptedAnswer = {
  headers: { "content-type": "text/event-stream" },
  body: [chunk("a"), chunk("b"), usageChunk, done, ""],
};

const send = (request: Omit<FakeRequest, "attempts"> & { backend?: string; answer?: ScriptedAnswer }) => {
  const { backend: name = "plain", answer = good, ...rest } = request;
  return envoy.request({ body: chat(), attempts: [{ backend: name, answer }], ...rest });
};

/** Streams end by a cancel of which the processor hears a moment later. */
async function settledOnce() {
  for (let waited = 0; running.settled.length === 0; waited += 5) {
    if (waited > 5000) throw new Error("nothing was settled");
    await Bun.sleep(5);
  }
  expect(running.settled).toHaveLength(1);
  return running.settled[0];
}

describe("a request", () => {
  test("goes on untouched where nothing has to change, by the model's route", async () => {
    const seen = await send({ path: "/v1/chat/completions?trace=1" });
    expect(seen.isRerouted).toBe(true);
    expect(seen.upstream).toMatchObject([
      {
        path: "/v1/chat/completions",
        body: chat(),
        isReplaced: false,
        headers: { "x-ai-eg-model": "gpt-x" },
      },
    ]);
    expect(seen.upstream[0]?.headers["x-ai-eg-original-path"]).toBe("/v1/chat/completions?trace=1");
    expect(seen.metadataByAttempt[0]).not.toHaveProperty("content_length");
    expect([seen.status, seen.body]).toEqual([200, completion]);
  });

  test("is told to metadata with its costs", async () => {
    const seen = await send({ headers: { "agent-session-id": "s-1" } });
    expect(seen.metadataByAttempt).toMatchObject([{ backend_name: "plain", "session.id": "s-1" }]);
    expect(seen.metadata).toMatchObject({
      tokens: 7,
      model_name_override: "gpt-x",
      ai_service_backend_name: "default/plain",
      route_name: "default/route",
      response_model: "gpt-x-2026",
    });
    expect(await settledOnce()).toMatchObject({ isError: false, attempts: 1, costs: { tokens: 7 } });
  });

  test("has the backend's model, path and length of body", async () => {
    const seen = await send({ backend: "renamed" });
    const [upstream] = seen.upstream;
    expect(upstream).toMatchObject({ path: "/other/v1/chat/completions", isReplaced: true });
    expect(JSON.parse(upstream?.body ?? "")).toMatchObject({ model: "a-much-longer-model-name" });
    expect(upstream?.headers["x-ai-eg-model"]).toBe("gpt-x");
    expect(seen.metadata).toMatchObject({ model_name_override: "a-much-longer-model-name" });
  });

  test("asks for usage byte by byte where the client did not", async () => {
    const written =
      '{"model": "m", "stream": true, "messages": [], "stream_options": {"include_usage": false}}';
    const seen = await send({ body: written, answer: events });
    expect(seen.upstream[0]?.body).toBe(written.replace("false", "true"));
    const without = '{"model": "m", "stream": true, "messages": []}';
    const added = await send({ body: without, answer: events });
    expect(added.upstream[0]?.body).toBe(`${without.slice(0, -1)},"stream_options":{"include_usage":true}}`);
  });

  test("has the backend's header and body edits", async () => {
    const seen = await send({
      backend: "edited",
      body: chat({ stream_options: { include_usage: true }, temperature: 1 }),
      headers: { "x-drop": "1", "x-replace": "by client", "x-keep": "1" },
    });
    const [upstream] = seen.upstream;
    expect(upstream?.headers).toMatchObject({
      "x-set": "by backend",
      "x-replace": "by backend",
      "x-keep": "1",
    });
    expect(upstream?.headers).not.toHaveProperty("x-drop");
    expect(JSON.parse(upstream?.body ?? "")).toEqual({ ...JSON.parse(chat()), temperature: 0.5 });
  });

  test("shows the gateway's key, and none of the client's", async () => {
    const seen = await send({
      backend: "keyed",
      headers: { authorization: "Bearer client", "x-api-key": "client", cookie: "a=b" },
    });
    expect(seen.upstream[0]?.headers["authorization"]).toBe("Bearer sk-configured");
    expect(JSON.stringify(seen.upstream)).not.toContain('"client"');
    expect(seen.upstream[0]?.headers).not.toHaveProperty("cookie");
  });

  test("cannot pass headers off as the gateway's", async () => {
    const seen = await send({
      headers: {
        "x-ai-eg-model": "forged",
        "x-ai-eg-upstream-host": "forged",
        "x-ai-eg-internal-req-id": "forged",
        "x-ai-eg-original-path": "/forged",
      },
    });
    const headers = seen.upstream[0]?.headers ?? {};
    expect(headers["x-ai-eg-model"]).toBe("gpt-x");
    expect(headers["x-ai-eg-internal-req-id"]).toStartWith("req-1-");
    expect(headers).not.toHaveProperty("x-ai-eg-upstream-host");
    expect(JSON.stringify(headers)).not.toContain("forged");
  });

  test("of a form has its model replaced, and the boundary that goes with it", async () => {
    const boundary = "b0undary";
    const part = (head: string, content: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
    const body = `${part('name="model"', "whisper")}${part('name="file"; filename="a.wav"', "RIFF")}--${boundary}--\r\n`;
    const headers = { "content-type": `multipart/form-data; boundary=${boundary}` };
    const seen = await envoy.request({
      path: "/v1/audio/transcriptions",
      headers,
      body,
      attempts: [
        { backend: "renamed", answer: { status: 503, body: ["no"] } },
        { backend: "plain", answer: { body: ['{"text":"hi"}'] } },
      ],
    });
    const [first, second] = seen.upstream;
    expect(first?.body).toContain("a-much-longer-model-name");
    expect(first?.body).toContain(first?.headers["content-type"]?.split("boundary=")[1] ?? "none");
    // The next backend takes the client's form, whose boundary is another.
    expect([second?.body, second?.headers["content-type"]]).toEqual([body, headers["content-type"]]);
  });
});

describe("a credential of the request's own", () => {
  test("is used, and does not travel on", async () => {
    const seen = await send({ backend: "own-key", headers: { "x-aigw-api-key": "mine" } });
    expect(seen.upstream[0]?.headers["authorization"]).toBe("Bearer mine");
    expect(seen.upstream[0]?.headers).not.toHaveProperty("x-aigw-api-key");
  });

  test("may come as metadata of a filter that is trusted", async () => {
    const seen = await send({ backend: "metadata-key", metadata: { trusted: { key: "of-filter" } } });
    expect(seen.upstream[0]?.headers["authorization"]).toBe("Bearer of-filter");
  });

  test.each(["own-key", "metadata-key"])(
    "is missing at %s: 401, which Envoy sends back unchanged",
    async (name) => {
      const seen = await send({ backend: name, headers: { ":metadata/trusted/key": "forged" } });
      expect(seen.status).toBe(401);
      expect(JSON.parse(seen.body)).toMatchObject({
        error: { type: "Unauthorized", message: "missing upstream credential" },
      });
      expect(seen.upstream).toEqual([]);
      expect(await settledOnce()).toMatchObject({
        isError: true,
        failure: "missing_credential",
        attempts: 1,
      });
    },
  );
});

describe("a cloud's credential", () => {
  test("is a signature for the host that Envoy chose, with keys that a trusted filter may bring", async () => {
    const host = "xds.upstream_host_metadata.filter_metadata['aigateway.envoy.io']";
    const attributes = {
      [`${host}['per_route_rule_backend_name']`]: "aws",
      [`${host}['upstream_host']`]: "bedrock-runtime.us-west-2.amazonaws.com",
    };
    const aws = { accessKeyId: "AKIDOWN", secretAccessKey: "s", sessionToken: "t" };
    const seen = await envoy.request({
      body: chat(),
      metadata: { trusted: { aws } },
      attempts: [{ attributes, answer: { status: 500, body: ["no"] } }],
    });
    const [upstream] = seen.upstream;
    expect(upstream?.headers["authorization"]).toContain("Credential=AKIDOWN/");
    expect(upstream?.headers["authorization"]).toContain("/us-west-2/bedrock/aws4_request");
    expect(upstream?.headers["x-amz-security-token"]).toBe("t");
    expect(upstream?.path).toBe("/model/gpt-x/converse");
  });

  test("is a token, and a path below the project", async () => {
    const seen = await send({ backend: "google", answer: { status: 500, body: ["no"] } });
    expect(seen.upstream[0]?.headers["authorization"]).toBe("Bearer sk-configured");
    expect(seen.upstream[0]?.path).toBe(
      "/v1/projects/p/locations/r/publishers/google/models/gpt-x:generateContent",
    );
  });
});

describe("a retry", () => {
  test("starts from the client's request, at another provider", async () => {
    const seen = await envoy.request({
      body: chat(),
      headers: { authorization: "Bearer client", "x-drop": "1" },
      attempts: [
        { backend: "renamed", answer: { status: 500, body: ["no"] } },
        { backend: "edited", answer: "unreachable" },
        { backend: "azure", answer: { status: 503, body: ["no"] } },
        { backend: "plain", answer: good },
      ],
    });
    expect(seen.upstream.map(({ path }) => path)).toEqual([
      "/other/v1/chat/completions",
      "/v1/chat/completions",
      "/openai/deployments/gpt-x/chat/completions?api-version=2026-01-01",
      "/v1/chat/completions",
    ]);
    const last = seen.upstream.at(-1);
    expect(last?.body).toBe(chat());
    expect(last?.headers).toMatchObject({ authorization: "Bearer client", "x-drop": "1" });
    expect(last?.headers).not.toHaveProperty("x-set");
    expect(seen.metadata).toMatchObject({ backend_name: "plain", tokens: 7 });
    expect(await settledOnce()).toMatchObject({ isError: false, attempts: 4, requestModel: "gpt-x" });
  });

  test("behind an answer of the gateway's own is possible", async () => {
    const router = envoy.open();
    const headers = [":path", "/v1/chat/completions", ":method", "POST", "x-request-id", "r"];
    const lines = (given: readonly string[]) =>
      given.flatMap((key, index) => (index % 2 === 0 ? [{ key, value: given[index + 1] }] : []));
    const first = await router.ask({ requestHeaders: { headers: { headers: lines(headers) } } });
    const set = first.requestHeaders?.response?.headerMutation?.setHeaders ?? [];
    const id = Buffer.from(set[0]?.header.rawValue ?? []).toString();
    await router.ask({ requestBody: { body: Buffer.from(chat()), endOfStream: true } });
    const attempt = async (name: string) => {
      const stream = envoy.open();
      const fields = {
        "xds.upstream_host_metadata.filter_metadata['aigateway.envoy.io']['per_route_rule_backend_name']": {
          stringValue: name,
        },
      };
      const answer = await stream.ask({
        requestHeaders: { headers: { headers: lines([...headers, "x-ai-eg-internal-req-id", id]) } },
        attributes: { "envoy.filters.http.ext_proc": { fields } },
      });
      stream.cancel();
      return answer;
    };
    expect((await attempt("own-key")).immediateResponse?.status.code).toBe(401);
    expect((await attempt("plain")).requestHeaders).toBeDefined();
    const status = [
      { key: ":status", value: "500" },
      { key: "content-type", value: "text/plain" },
    ];
    await router.ask({ responseHeaders: { headers: { headers: status } } });
    const body = await router.ask({ responseBody: { body: Buffer.from("oops"), endOfStream: true } });
    expect(Buffer.from(body.responseBody?.response?.bodyMutation?.body ?? []).toString()).toContain(
      "OpenAIBackendError",
    );
    router.cancel();
  });
});

describe("a stream", () => {
  test("goes on piece by piece, without the usage that the client did not ask for", async () => {
    const seen = await send({ body: chat({ stream: true }), answer: events });
    expect(seen.responseBodyMode).toBe(streamed);
    expect(seen.pieces).toEqual([chunk("a"), chunk("b"), done]);
    expect(seen.metadata).toMatchObject({ tokens: 7 });
    expect(typeof seen.metadata["token_latency_ttft"]).toBe("number");
    expect(await settledOnce()).toMatchObject({ isError: false, isStream: true });
  });

  test("that passes is not touched", async () => {
    const body = chat({ stream: true, stream_options: { include_usage: true } });
    const seen = await send({ body, answer: events });
    expect(seen.pieces).toEqual([chunk("a"), chunk("b"), usageChunk, done]);
    expect(seen.metadata).toMatchObject({ tokens: 7 });
  });

  test("comes whole where Envoy does not let its mode be changed", async () => {
    const seen = await send({ body: chat({ stream: true }), answer: events, isModeOverrideAllowed: false });
    expect([seen.responseBodyMode, seen.body]).toEqual([buffered, chunk("a") + chunk("b") + done]);
    expect(seen.metadata).toMatchObject({ tokens: 7 });
  });

  test("is paid for by a client that hangs up behind the last event", async () => {
    const seen = await send({ body: chat({ stream: true }), answer: events, leavesAfter: 3 });
    expect(seen.pieces.at(-1)).toBe(done);
    expect(seen.metadata).toMatchObject({ tokens: 7 });
    expect(await settledOnce()).toMatchObject({ isError: false, costs: { tokens: 7 } });
  });

  test("that a client leaves in the middle is an error, counted once", async () => {
    await send({ body: chat({ stream: true }), answer: events, leavesAfter: 1 });
    expect(await settledOnce()).toMatchObject({ isError: true, outcome: { status: 200, isComplete: false } });
  });

  test("that the upstream cuts is an error", async () => {
    await send({ body: chat({ stream: true }), answer: { ...events, body: [chunk("a")], isCut: true } });
    expect(await settledOnce()).toMatchObject({ isError: true });
  });

  test("with trailers is settled when they come", async () => {
    const answer = { ...events, body: [chunk("a"), usageChunk, done], hasTrailers: true };
    const seen = await send({ body: chat({ stream: true }), answer });
    expect(seen.metadata).toMatchObject({ tokens: 7 });
    expect(await settledOnce()).toMatchObject({ isError: false });
  });

  test("whole answers with trailers are whole", async () => {
    const seen = await send({ answer: { ...good, hasTrailers: true } });
    expect(seen.metadata).toMatchObject({ tokens: 7 });
    expect(await settledOnce()).toMatchObject({ isError: false });
  });
});

describe("a compressed answer", () => {
  const encoders = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };
  const cases = Object.entries(encoders).map(([encoding, encode]) => ({ encoding, encode }));

  test.each(cases)("in $encoding is read and goes on as it came", async ({ encoding, encode }) => {
    const bytes = encode(completion);
    const headers = {
      "content-type": "application/json",
      "content-encoding": encoding,
      "content-length": String(bytes.length),
    };
    const seen = await send({ answer: { headers, body: [bytes] } });
    expect(seen.metadata).toMatchObject({ tokens: 7 });
    expect(seen.headers["content-encoding"]).toBe(encoding);
  });

  test.each(cases)(
    "in $encoding is counted as a stream, whatever its pieces",
    async ({ encoding, encode }) => {
      const bytes = encode(`${chunk("a")}${usageChunk}${done}`);
      const headers = { "content-type": "text/event-stream", "content-encoding": encoding };
      const pieces = [bytes.subarray(0, 3), bytes.subarray(3, 20), bytes.subarray(20)];
      const seen = await send({ body: chat({ stream: true }), answer: { headers, body: pieces } });
      expect(seen.metadata).toMatchObject({ tokens: 7 });
      expect(seen.responseBodyMode).toBe(streamed);
    },
  );

  test("with an error that is no JSON is said in the client's shape, in plain", async () => {
    const headers = { "content-type": "text/html", "content-encoding": "gzip" };
    const seen = await send({ answer: { status: 502, headers, body: [gzipSync("<h1>Bad</h1>")] } });
    expect(JSON.parse(seen.body)).toMatchObject({ error: { code: "502", message: "<h1>Bad</h1>" } });
    expect(seen.headers).not.toHaveProperty("content-encoding");
  });

  test.each(["gzip", "lz4"])("that says %s and is not passes", async (encoding) => {
    const headers = { "content-type": "application/json", "content-encoding": encoding };
    const seen = await send({ answer: { headers, body: [completion] } });
    expect([seen.status, seen.body]).toEqual([200, completion]);
  });
});

describe("an error", () => {
  test("of the upstream that is no JSON gets the client's shape", async () => {
    const headers = { "content-type": "text/plain", "content-length": "4", "retry-after": "7" };
    const seen = await send({ answer: { status: 503, headers, body: ["busy"] } });
    expect(JSON.parse(seen.body)).toEqual({
      type: "error",
      error: { type: "OpenAIBackendError", code: "503", message: "busy" },
    });
    expect(seen.headers["retry-after"]).toBe("7");
    expect(seen.metadata).not.toHaveProperty("tokens");
    expect(seen.metadata).toMatchObject({ backend_name: "plain", route_name: "default/route" });
    expect(await settledOnce()).toMatchObject({ isError: true, costs: undefined });
  });

  test("of the upstream in JSON passes", async () => {
    const body = '{"error":{"message":"no"}}';
    const seen = await send({
      answer: { status: 429, headers: { "content-type": "application/json" }, body: [body] },
    });
    expect([seen.status, seen.body]).toEqual([429, body]);
  });

  test("without a body stays without", async () => {
    const seen = await send({ answer: { status: 500, headers: {}, body: [] } });
    expect([seen.status, seen.body]).toEqual([500, ""]);
  });

  const local: { name: string; request: FakeRequest; status: number; want: object | string }[] = [
    {
      name: "a path that nobody serves",
      request: { path: "/unknown?q=1" },
      status: 404,
      want: "unsupported path: /unknown?q=1",
    },
    {
      name: "a body that is no JSON",
      request: { body: '{"model": "a"' },
      status: 400,
      want: { type: "error", error: { type: "BadRequest", code: "400" } },
    },
    { name: "no body at all", request: {}, status: 400, want: { error: { type: "BadRequest" } } },
    {
      name: "no model",
      request: { body: '{"messages":[]}' },
      status: 400,
      want: { error: { type: "BadRequest" } },
    },
    {
      name: "a model that no header can carry",
      request: { body: '{"model":"a\\nb","messages":[]}' },
      status: 400,
      want: { error: { message: "invalid request body: model must not have control characters" } },
    },
    {
      name: "a method that is not served",
      request: { method: "GET" },
      status: 405,
      want: { error: { type: "MethodNotAllowed" } },
    },
    {
      name: "an Anthropic client without a model",
      request: { path: "/anthropic/v1/messages", body: '{"messages":[]}' },
      status: 400,
      want: { type: "error", error: { type: "invalid_request_error" } },
    },
    {
      name: "a pair that nobody translates",
      request: { body: chat(), attempts: [{ backend: "cohere", answer: good }] },
      status: 501,
      want: { error: { type: "NotImplemented" } },
    },
    {
      name: "a backend that is not configured",
      request: { body: chat(), attempts: [{ backend: "nobody", answer: good }] },
      status: 500,
      want: { error: { message: "the backend for this model is not configured" } },
    },
    {
      name: "a host without a backend's name",
      request: { body: chat(), attempts: [{ attributes: { other: "x" }, answer: good }] },
      status: 500,
      want: { error: { message: "the backend for this model is not configured" } },
    },
    {
      name: "no route for the model",
      request: { body: chat() },
      status: 404,
      want: { error: { type: "NotFound", message: expect.stringContaining("No matching route found.") } },
    },
    {
      name: "no route for the model, said by Envoy without a body",
      request: { body: chat(), reply: { status: 404, headers: {}, details: "route_not_found" } },
      status: 404,
      want: { error: { type: "NotFound" } },
    },
    {
      name: "a body that is too large for Envoy",
      request: {
        body: chat(),
        reply: { status: 413, headers: { "content-type": "text/plain" }, body: ["Payload Too Large"] },
      },
      status: 413,
      want: { error: { type: "PayloadTooLarge" } },
    },
    {
      name: "an upstream that cannot be reached, where Envoy tells that it was",
      request: {
        body: chat(),
        asksForDetails: true,
        attempts: [{ backend: "plain", answer: "unreachable" }],
      },
      status: 503,
      want: { error: { type: "BadGateway", message: "the upstream cannot be reached" } },
    },
    {
      name: "an upstream that cannot be reached, where Envoy does not tell",
      request: { body: chat(), attempts: [{ backend: "plain", answer: "unreachable" }] },
      status: 503,
      want: { error: { type: "OpenAIBackendError" } },
    },
  ];
  test.each(local)("is said for $name", async ({ request, status, want }) => {
    const seen = await envoy.request(request);
    expect(seen.status).toBe(status);
    if (typeof want === "string") expect(seen.body).toBe(want);
    else expect(JSON.parse(seen.body)).toMatchObject(want);
    expect(running.settled.length).toBeLessThan(2);
  });

  test("of another filter is none of ours", async () => {
    const reply = { status: 429, headers: { "x-ratelimit-limit": "1" }, body: ["slow down"] };
    const seen = await envoy.request({ body: chat(), reply });
    expect([seen.status, seen.body]).toEqual([429, "slow down"]);
  });

  test("of Envoy's that says what it is keeps its words, and is counted as what it is", async () => {
    const reply = {
      status: 504,
      headers: { "content-type": "application/json", "x-ai-eg-failure": "upstream_timeout" },
      body: ['{"a":1}'],
    };
    expect((await envoy.request({ body: chat(), reply })).body).toBe('{"a":1}');
    expect(await settledOnce()).toMatchObject({ isError: true, failure: "upstream_timeout" });
  });

  test("of Envoy's that has the client's shape already keeps it", async () => {
    const reply = { status: 404, headers: { "content-type": "application/json" }, body: ['{"a":1}'] };
    expect((await envoy.request({ body: chat(), reply })).body).toBe('{"a":1}');
  });
});

describe("a body above the listener's limit", () => {
  const limited = { metadata: { "x-ai-eg-max-body-bytes": "60" } };

  test.each([
    { name: "by its length", headers: { "content-length": "61" } },
    { name: "by what came", headers: { "content-length": "" } },
  ])("is refused $name", async ({ headers }) => {
    const small = new FakeEnvoy(running.server.target, limited.metadata);
    const seen = await small.request({ body: chat({ padding: "x".repeat(60) }), headers });
    small.close();
    expect([seen.status, JSON.parse(seen.body)]).toMatchObject([
      413,
      { error: { type: "PayloadTooLarge", message: expect.stringContaining("the 60 bytes") } },
    ]);
    expect(await settledOnce()).toMatchObject({ failure: "request_too_large" });
  });
});

describe("models are listed", () => {
  test("for the host that was asked", async () => {
    const seen = await envoy.request({ method: "GET", path: "/v1/models" });
    expect(seen.status).toBe(200);
    expect(JSON.parse(seen.body)).toMatchObject({ data: [{ id: "of-host" }] });
  });
  test("in Anthropic's shape", async () => {
    const seen = await envoy.request({ method: "GET", path: "/anthropic/v1/models" });
    expect(JSON.parse(seen.body)).toMatchObject({
      data: [{ id: "of-host", type: "model" }],
      has_more: false,
    });
  });
});

describe("costs", () => {
  const route = "xds.route_metadata.filter_metadata['aigateway.envoy.io']['aigw_route_name']";
  const host =
    "xds.upstream_host_metadata.filter_metadata['aigateway.envoy.io']['per_route_rule_backend_name']";

  test("are those of the route that Envoy took", async () => {
    const attributes = { [host]: "plain", [route]: "default/other" };
    const seen = await envoy.request({ body: chat(), attempts: [{ attributes, answer: good }] });
    expect(seen.metadata).toMatchObject({ tokens: 300, route_name: "default/other" });
  });

  test("without any, what is known is told all the same", async () => {
    running.processor.replace(modelOf(backends, { costs: { global: [], byRoute: {} } }), secrets);
    const seen = await send({});
    expect(seen.metadata).not.toHaveProperty("tokens");
    expect(seen.metadata).toMatchObject({ response_model: "gpt-x-2026", route_name: "default/route" });
  });
});

describe("a reload", () => {
  const print = "xds.upstream_host_metadata.filter_metadata['aigateway.envoy.io']['aigw_backend']";
  const name =
    "xds.upstream_host_metadata.filter_metadata['aigateway.envoy.io']['per_route_rule_backend_name']";

  test("leaves a backend that is gone to requests that are still sent there", async () => {
    running.processor.replace(modelOf([backend("plain", "OpenAI")]), secrets);
    expect((await send({ backend: "renamed" })).upstream[0]?.path).toBe("/other/v1/chat/completions");
  });

  test("gives a name to its new backend, and an old print to the old one", async () => {
    const moved = backend("plain", "OpenAI", { print: "new", schema: { name: "OpenAI", prefix: "moved" } });
    running.processor.replace(modelOf([moved]), secrets);
    expect((await send({})).upstream[0]?.path).toBe("/moved/chat/completions");
    const old = { [name]: "plain", [print]: "print-of-plain" };
    const seen = await envoy.request({ body: chat(), attempts: [{ attributes: old, answer: good }] });
    expect(seen.upstream[0]?.path).toBe("/v1/chat/completions");
  });

  test("forgets what was before when that is not needed any more", async () => {
    const added = backend("added", "OpenAI");
    running.processor.replace(modelOf([...backends, added]), secrets);
    const retire = running.processor.replace(model, secrets);
    expect((await send({ backend: "added" })).status).toBe(200);
    retire();
    expect((await send({ backend: "added" })).status).toBe(500);
  });
});

describe("streams that are none of ours", () => {
  test("begin with a response, which passes", async () => {
    const stream = envoy.open();
    const headers = [{ key: ":status", value: "200" }];
    expect(await stream.ask({ responseHeaders: { headers: { headers } } })).toEqual({ responseHeaders: {} });
    expect(await stream.ask({ responseBody: { body: Buffer.from("x"), endOfStream: true } })).toEqual({
      responseBody: {},
    });
    stream.cancel();
  });

  test("without content are ended with an error", async () => {
    const stream = envoy.open();
    await expect(stream.ask({})).rejects.toThrow(StreamEnded);
  });

  test("of a cluster whose listener did not ask us are answered with 500", async () => {
    const stream = envoy.open();
    const fields = { x: { stringValue: "y" } };
    const answer = await stream.ask({
      requestHeaders: { headers: { headers: [{ key: ":path", value: "/" }] } },
      attributes: { "envoy.filters.http.ext_proc": { fields } },
    });
    expect(answer.immediateResponse?.status.code).toBe(500);
    expect(
      running.log.some(({ level, message }) => level === "error" && message.includes("unknown request")),
    ).toBe(true);
    stream.cancel();
  });
});

test("before there is a configuration, clients are told so", async () => {
  const empty = await startProcessor(null);
  const other = new FakeEnvoy(empty.server.target);
  try {
    const seen = await other.request({ body: chat() });
    expect([seen.status, JSON.parse(seen.body)]).toMatchObject([
      503,
      { error: { message: "the gateway has no configuration yet" } },
    ]);
    expect((await other.request({ method: "GET", path: "/v1/models" })).status).toBe(503);
  } finally {
    other.close();
    await empty[Symbol.asyncDispose]();
  }
});

test("no request is remembered when its stream is over", async () => {
  await Promise.all(Array.from({ length: 50 }, () => send({})));
  for (let waited = 0; running.processor.requests.size > 0 && waited < 5000; waited += 5) await Bun.sleep(5);
  expect(running.processor.requests.size).toBe(0);
});

test("secrets are in no log", async () => {
  await send({ backend: "keyed", headers: { authorization: "Bearer client-secret" } });
  await send({ backend: "own-key", headers: { "x-aigw-api-key": "own-secret" } });
  await send({ backend: "nobody", headers: { authorization: "Bearer client-secret" } });
  expect(running.log.length).toBeGreaterThan(0);
  expect(JSON.stringify(running.log)).not.toMatch(/secret|sk-configured/);
});
