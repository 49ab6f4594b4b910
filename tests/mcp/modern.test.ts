/** Clients and servers of both eras, in every pairing. */
import { afterEach, describe, expect, test } from "bun:test";
import { type AggregateOptions, startAggregate } from "./aggregate.ts";
import { connectClient } from "./client.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { ask, askRaw, listen, type Message, meta } from "./modern-client.ts";
import { startModernServer } from "./modern-server.ts";

const started: (Disposable | AsyncDisposable)[] = [];

function keep<T extends Disposable | AsyncDisposable>(one: T): T {
  started.push(one);
  return one;
}

afterEach(async () => {
  for (const one of started.splice(0).reverse()) {
    if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
    else one[Symbol.dispose]();
  }
});

const modern = (...options: Parameters<typeof startModernServer>) => keep(startModernServer(...options));
const legacy = (...options: Parameters<typeof startFixtureServer>) => keep(startFixtureServer(...options));
const aggregate = (servers: AggregateOptions["servers"], more: Partial<AggregateOptions> = {}) =>
  keep(startAggregate({ servers, ...more }));

const names = (list: unknown) => (list as { name: string }[]).map(({ name }) => name);
const textOf = ({ result }: Message) => (result?.["content"] as { text: string }[])?.[0]?.text;
const accept = (content: object) => ({ action: "accept", content });

describe("a modern client of modern servers", () => {
  test("is told what they are together", async () => {
    const { url } = aggregate({ a: modern({ name: "one" }).url, b: modern({ name: "two" }).url });
    const { result } = await ask(url, "server/discover");
    expect(result).toMatchObject({
      resultType: "complete",
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, completions: {} },
      instructions: "## a\n\nUse one wisely.\n\n## b\n\nUse two wisely.",
      _meta: { [`${meta}serverInfo`]: { name: "aigw" } },
    });
  });

  test("gets one list with prefixes, as long-lived as the shortest of them", async () => {
    const { url } = aggregate({
      a: modern({ cache: { ttlMs: 5000, cacheScope: "public" } }).url,
      b: modern({ cache: { ttlMs: 9000, cacheScope: "public" } }).url,
    });
    const { result } = await ask(url, "tools/list");
    expect(result).toMatchObject({ resultType: "complete", ttlMs: 5000, cacheScope: "public" });
    expect(names(result?.["tools"])).toContain("a__echo");
    expect(names(result?.["tools"]).filter((name) => name.startsWith("b__"))).toHaveLength(
      names(result?.["tools"]).length / 2,
    );
    const { result: listed } = await ask(url, "resources/list");
    expect(listed?.["resources"]).toMatchObject([
      { uri: "a+test://static-text" },
      {},
      {},
      { uri: "b+test://static-text" },
      {},
      {},
    ]);
  });

  test("reaches the server that it names, whose own headers say the bare name", async () => {
    const server = modern();
    const { url } = aggregate({ a: server.url });
    const answer = await ask(
      url,
      "tools/call",
      { name: "a__echo", arguments: { message: "hi" } },
      { headers: { "mcp-param-region": "eu" } },
    );
    expect(textOf(answer)).toBe("hi");
    const { headers, body } = server.seen.at(-1) ?? {};
    expect([headers?.get("mcp-method"), headers?.get("mcp-name"), headers?.get("mcp-param-region")]).toEqual([
      "tools/call",
      "echo",
      "eu",
    ]);
    expect(headers?.get("mcp-session-id")).toBeNull();
    expect(body?.["params"]).toMatchObject({
      name: "echo",
      _meta: { [`${meta}clientInfo`]: { name: "tests" } },
    });
    const read = await ask(url, "resources/read", { uri: "a+test://static-text" });
    expect(read.result).toMatchObject({ contents: [{ uri: "a+test://static-text" }], ttlMs: 1000 });
    const link = await ask(url, "tools/call", { name: "a__test_resource_link", arguments: {} });
    expect(link.result).toMatchObject({ content: [{ uri: "a+test://static-text" }] });
  });

  test("hears of progress, and of logs when it asks for them", async () => {
    const { url } = aggregate({ a: modern().url });
    const { messages } = await askRaw(url, "tools/call", {
      name: "a__test_tool_with_progress",
      _meta: { progressToken: "t" },
    });
    expect(messages.map(({ method, params }) => [method, params?.["progress"]]).slice(0, 3)).toEqual([
      ["notifications/progress", 0],
      ["notifications/progress", 50],
      ["notifications/progress", 100],
    ]);
    const logged = await askRaw(url, "tools/call", {
      name: "a__test_logging_tool",
      _meta: { [`${meta}logLevel`]: "info" },
    });
    expect(logged.messages[0]?.params).toMatchObject({ logger: "a/tool" });
  });

  test("brings what a server wants, with a state that is sealed for it", async () => {
    const server = modern();
    const { url } = aggregate({ a: server.url, b: modern().url });
    const call = { name: "a__test_input_required_result_request_state", arguments: {} };
    const first = await ask(url, "tools/call", call);
    const state = String(first.result?.["requestState"]);
    expect(first.result).toMatchObject({
      resultType: "input_required",
      inputRequests: { confirm: { method: "elicitation/create" } },
    });
    expect(state).not.toContain("once");
    const inputResponses = { confirm: accept({ ok: true }) };
    expect(textOf(await ask(url, "tools/call", { ...call, inputResponses, requestState: state }))).toBe(
      "state-ok",
    );
    const tampered = `${state.slice(0, -3)}${state.endsWith("AAA") ? "BBB" : "AAA"}`;
    for (const requestState of [tampered, "once", 7]) {
      const { error } = await ask(url, "tools/call", { ...call, inputResponses, requestState });
      expect(error).toMatchObject({ code: -32602, message: "invalid requestState" });
    }
    // What one server said is nothing to another.
    const other = { ...call, name: "b__test_input_required_result_request_state" };
    expect(
      (await ask(url, "tools/call", { ...other, inputResponses, requestState: state })).error?.code,
    ).toBe(-32602);
  });

  test("hears of changes at all servers under its own id, and goes on when a server's stream breaks", async () => {
    const [one, two] = [modern(), modern()];
    const { url } = aggregate({ a: one.url, b: two.url });
    await using stream = await listen(url, {
      toolsListChanged: true,
      resourceSubscriptions: ["b+test://watched-resource"],
    });
    expect(await stream.next()).toMatchObject({
      method: "notifications/subscriptions/acknowledged",
      params: { notifications: { toolsListChanged: true }, _meta: { [`${meta}subscriptionId`]: "listen-1" } },
    });
    one.tell("notifications/tools/list_changed");
    expect(await stream.next()).toMatchObject({
      method: "notifications/tools/list_changed",
      params: { _meta: { [`${meta}subscriptionId`]: "listen-1" } },
    });
    one.tell("notifications/prompts/list_changed");
    two.tell("notifications/resources/updated", { uri: "test://watched-resource" });
    expect(await stream.next()).toMatchObject({
      method: "notifications/resources/updated",
      params: { uri: "b+test://watched-resource" },
    });
    two.dropStreams();
    while (two.seen.filter(({ body }) => body["method"] === "subscriptions/listen").length < 2)
      await Bun.sleep(20);
    await Bun.sleep(20);
    two.tell("notifications/tools/list_changed");
    expect(await stream.next()).toMatchObject({ method: "notifications/tools/list_changed" });
  });

  test("gets what is there when a server is not", async () => {
    const { url } = aggregate({ a: modern().url, gone: "http://127.0.0.1:1/mcp" });
    const { result } = await ask(url, "tools/list");
    expect(names(result?.["tools"])).toContain("a__echo");
    expect(result).toMatchObject({
      ttlMs: 0,
      _meta: { "aigw/partial": { gone: expect.stringContaining("cannot be reached") } },
    });
    const { error } = await ask(url, "tools/call", { name: "gone__x" });
    expect(error).toMatchObject({ code: -32603, message: expect.stringContaining('backend "gone"') });
  });
});

describe("what a modern request must say", () => {
  const cases: readonly (readonly [
    name: string,
    method: string,
    params: object,
    options: Parameters<typeof ask>[3],
    status: number,
    code: number,
  ])[] = [
    [
      "its version",
      "tools/list",
      {},
      { headers: { "mcp-protocol-version": "2026-07-28" }, meta: {} },
      400,
      -32602,
    ],
    [
      "its version in a header, too",
      "tools/list",
      {},
      { headers: { "mcp-protocol-version": "" } },
      400,
      -32020,
    ],
    ["a version that is known", "tools/list", {}, { version: "2099-01-01" }, 400, -32022],
    ["its method in a header", "tools/list", {}, { headers: { "mcp-method": "prompts/list" } }, 400, -32020],
    [
      "its target in a header",
      "tools/call",
      { name: "a__echo" },
      { headers: { "mcp-name": "b__echo" } },
      400,
      -32020,
    ],
    [
      "what its client can",
      "tools/list",
      {},
      { meta: { [`${meta}protocolVersion`]: "2026-07-28" } },
      400,
      -32602,
    ],
    ["nothing of the era before: initialize", "initialize", {}, {}, 404, -32601],
    ["nothing of the era before: ping", "ping", {}, {}, 404, -32601],
    ["nothing of the era before: logging/setLevel", "logging/setLevel", { level: "info" }, {}, 404, -32601],
    ["nothing of the era before: resources/subscribe", "resources/subscribe", { uri: "x" }, {}, 404, -32601],
    ["a method that there is", "no/such", {}, {}, 404, -32601],
    ["a tool that there is", "tools/call", { name: "nobody__x" }, {}, 200, -32602],
    ["a resource that there is", "resources/read", { uri: "nobody+x:y" }, {}, 200, -32602],
  ];
  test.each(cases)("%s", async (_, method, params, options, status, code) => {
    const { url } = aggregate({ a: modern().url });
    const answer = await askRaw(url, method, params, options);
    expect([answer.status, answer.last.error?.code]).toEqual([status, code]);
    expect(answer.last.id).toBe(1);
    expect(answer.headers.get("mcp-session-id")).toBeNull();
  });

  test("and that it is POST", async () => {
    const { url } = aggregate({ a: modern().url });
    for (const method of ["GET", "DELETE"]) {
      const response = await fetch(url, {
        method,
        headers: { "mcp-protocol-version": "2026-07-28", accept: "text/event-stream" },
      });
      expect(response.status).toBe(405);
    }
  });

  test("whatever it is in base64", async () => {
    const server = modern();
    const { url } = aggregate({ a: server.url });
    const name = "a__wörld";
    const headers = { "mcp-name": `=?base64?${Buffer.from(name).toString("base64")}?=` };
    expect((await ask(url, "tools/call", { name }, { headers })).error).toMatchObject({ code: -32602 });
    expect(server.seen.at(-1)?.headers.get("mcp-name")).toBe(
      `=?base64?${Buffer.from("wörld").toString("base64")}?=`,
    );
  });
});

describe("a modern client of legacy servers", () => {
  test.each([{ isJson: true }, { isJson: false }, { isStateless: true }])(
    "lists, calls and reads with %j",
    async (options) => {
      const server = legacy(options);
      const { url } = aggregate({ a: server.url, b: modern().url });
      const { result } = await ask(url, "tools/list");
      expect(result).toMatchObject({ resultType: "complete", ttlMs: 0, cacheScope: "private" });
      expect(names(result?.["tools"])).toContain("a__echo");
      expect(names(result?.["tools"])).toContain("b__echo");
      const call = await ask(url, "tools/call", { name: "a__echo", arguments: { message: "hi" } });
      expect(call.result).toMatchObject({ resultType: "complete", content: [{ text: "hi" }] });
      const read = await ask(url, "resources/read", { uri: "a+test://static-text" });
      expect(read.result).toMatchObject({
        resultType: "complete",
        ttlMs: 0,
        contents: [{ uri: "a+test://static-text" }],
      });
      expect((await ask(url, "resources/read", { uri: "a+test://nope" })).error).toMatchObject({
        code: -32602,
      });
      expect((await ask(url, "server/discover")).result).toMatchObject({
        capabilities: { tools: {}, prompts: {}, resources: {} },
      });
      // Its requests say nothing of the other era.
      expect(server.seen.some(({ body }) => body.includes("tools/call") && body.includes(meta))).toBe(false);
    },
  );

  test("shares a session with those who are like it, and only with them", async () => {
    const server = legacy();
    const { url } = aggregate({ a: server.url });
    const call = { name: "a__echo", arguments: { message: "x" } };
    await Promise.all([1, 2, 3].map(() => ask(url, "tools/call", call)));
    expect(server.sessions.size).toBe(1);
    await ask(url, "tools/call", call, { capabilities: {} });
    expect(server.sessions.size).toBe(2);
  });

  test("has many calls of one id at once", async () => {
    const { url } = aggregate({ a: legacy().url });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask(url, "tools/call", { name: "a__echo", arguments: { message: String(index) } }),
      ),
    );
    expect(answers.map(textOf)).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
  });

  test.each([
    ["test_elicitation", { message: "Who?" }, "elicitation/create", accept({ username: "u", email: "e" })],
    [
      "test_sampling",
      { prompt: "Say" },
      "sampling/createMessage",
      { role: "assistant", model: "m", content: { type: "text", text: "said" } },
    ],
    ["test_roots", {}, "roots/list", { roots: [{ uri: "file:///r" }] }],
  ])("is asked in its own way by %s", async (tool, given, method, response) => {
    const { url } = aggregate({ a: legacy().url });
    const call = { name: `a__${tool}`, arguments: given };
    const first = await ask(url, "tools/call", call);
    expect(first.result).toMatchObject({
      resultType: "input_required",
      inputRequests: { input: { method } },
    });
    const { requestState } = first.result ?? {};
    // What it forgot it is asked again.
    const again = await ask(url, "tools/call", { ...call, requestState, inputResponses: {} });
    expect(again.result).toMatchObject({
      resultType: "input_required",
      inputRequests: { input: { method } },
    });
    const last = await ask(url, "tools/call", {
      ...call,
      requestState: again.result?.["requestState"],
      inputResponses: { input: response },
    });
    expect(last.result).toMatchObject({ resultType: "complete" });
    const stale = await ask(url, "tools/call", {
      ...call,
      requestState,
      inputResponses: { input: response },
    });
    expect(stale.error).toMatchObject({ code: -32603, message: expect.stringContaining("begin it again") });
  });

  test("who cannot be asked is not", async () => {
    const { url } = aggregate({ a: legacy().url });
    const call = { name: "a__test_elicitation", arguments: { message: "?" } };
    const { result, error } = await ask(url, "tools/call", call, { capabilities: {} });
    expect(result?.["resultType"]).not.toBe("input_required");
    expect(result ?? error).toBeDefined();
  });

  test("hears of changes", async () => {
    const server = legacy();
    const { url } = aggregate({ a: server.url });
    await using stream = await listen(url, { toolsListChanged: true });
    expect(await stream.next()).toMatchObject({ method: "notifications/subscriptions/acknowledged" });
    while (!server.seen.some(({ method }) => method === "GET")) await Bun.sleep(10);
    await Bun.sleep(50);
    for (const one of server.sessions.values())
      await one.notification({ method: "notifications/tools/list_changed" });
    expect(await stream.next()).toMatchObject({
      method: "notifications/tools/list_changed",
      params: { _meta: { [`${meta}subscriptionId`]: "listen-1" } },
    });
  });
});

describe("what belongs to one client", () => {
  const secret = (id: string) => ({ id, from: "literal", name: id, fingerprint: "", at: 0 }) as const;
  const apiKeys = {
    at: 0,
    clients: ["alice", "bob"].map((id) => ({ id, secret: secret(`key of ${id}`) })),
    from: [{ type: "header", name: "x-key" } as const],
    isRemoved: true,
  };
  const guarded = (servers: AggregateOptions["servers"]) =>
    aggregate(servers, { route: { security: { apiKeys } } });
  const as = (user: string) => ({ headers: { "x-key": `key of ${user}` } });

  test("is no session for another", async () => {
    const server = legacy();
    const { url } = guarded({ a: server.url });
    const call = { name: "a__echo", arguments: { message: "x" } };
    for (const user of ["alice", "bob", "alice"]) await ask(url, "tools/call", call, as(user));
    expect(server.sessions.size).toBe(2);
  });

  test.each([
    ["a server's", () => modern().url, "test_input_required_result_request_state"],
    ["a waiting call's", () => legacy().url, "test_elicitation"],
  ])("is no state for another: %s", async (_, start, tool) => {
    const { url } = guarded({ a: start() });
    const call = { name: `a__${tool}`, arguments: { message: "?" } };
    const { result } = await ask(url, "tools/call", call, as("alice"));
    const requestState = result?.["requestState"];
    const inputResponses = { confirm: accept({ ok: true }), input: accept({ username: "u" }) };
    const again = { ...call, requestState, inputResponses };
    const stolen = await ask(url, "tools/call", again, as("bob"));
    // A state that is not his is none at all.
    expect(stolen.error?.code ?? stolen.result?.["resultType"]).not.toBe("complete");
    expect((await ask(url, "tools/call", again, as("alice"))).result?.["resultType"]).toBe("complete");
  });

  test("is no state on another route", async () => {
    const server = modern();
    const seeds = ["one seed"];
    const here = aggregate({ a: server.url }, { seeds });
    const there = keep(
      startAggregate({ servers: { a: server.url }, seeds, route: { key: "default/other" } }),
    );
    const call = { name: "a__test_input_required_result_request_state", arguments: {} };
    const { result } = await ask(here.url, "tools/call", call);
    const again = {
      ...call,
      requestState: result?.["requestState"],
      inputResponses: { confirm: accept({ ok: true }) },
    };
    expect((await ask(there.url, "tools/call", again)).error).toBeDefined();
    // Another process of the same seed and route takes it.
    const replica = aggregate({ a: server.url }, { seeds });
    expect(textOf(await ask(replica.url, "tools/call", again))).toBe("state-ok");
  });

  test("is nothing that a header can say", async () => {
    const server = modern();
    const { url } = aggregate({ a: server.url, b: modern({ name: "two" }).url });
    const headers = {
      "x-ai-eg-mcp-route": "default/other",
      "x-ai-eg-mcp-backend": "b",
      "mcp-session-id": "stolen",
      authorization: "Bearer client-token",
      cookie: "a=b",
    };
    expect(
      textOf(await ask(url, "tools/call", { name: "a__echo", arguments: { message: "x" } }, { headers })),
    ).toBe("x");
    const seen = server.seen.at(-1)?.headers;
    for (const name of Object.keys(headers)) expect(seen?.get(name)).toBeNull();
  });

  test("is no message larger than the limit", async () => {
    const { url } = aggregate({ a: modern().url }, { limits: { maxRequestBytes: 1000 } });
    const answer = await askRaw(url, "tools/call", {
      name: "a__echo",
      arguments: { message: "x".repeat(2000) },
    });
    expect([answer.status, answer.last.error?.code]).toEqual([413, -32600]);
  });
});

describe("a legacy client of modern servers", () => {
  test("sees them as servers of its own era", async () => {
    const { url } = aggregate({ a: modern({ name: "one" }).url, b: legacy().url });
    const { client } = keep(await connectClient(url));
    expect(client.getInstructions()).toContain("Use one wisely.");
    const { tools } = await client.listTools();
    expect(names(tools)).toContain("a__echo");
    expect(names(tools)).toContain("b__echo");
    const result = await client.callTool({ name: "a__echo", arguments: { message: "hi" } });
    expect(result).toEqual({ content: [{ type: "text", text: "hi" }] });
    const { contents } = await client.readResource({ uri: "a+test://static-text" });
    expect(contents[0]?.uri).toBe("a+test://static-text");
    await expect(client.readResource({ uri: "a+test://nope" })).rejects.toMatchObject({ code: -32002 });
    await client.ping();
    const { completion } = await client.complete({
      ref: { type: "ref/prompt", name: "a__test_simple_prompt" },
      argument: { name: "x", value: "p" },
    });
    expect(completion.values).toContain("paris");
  });

  test("is asked what the server wants, round after round", async () => {
    const { url } = aggregate({ a: modern().url });
    const { client, asked } = keep(await connectClient(url));
    const call = async (tool: string) =>
      (await client.callTool({ name: `a__test_input_required_result_${tool}`, arguments: {} })).content;
    expect(await call("elicitation")).toEqual([{ type: "text", text: "Hello, Alice!" }]);
    expect(await call("sampling")).toEqual([{ type: "text", text: "Paris" }]);
    expect(JSON.stringify(await call("list_roots"))).toContain("file:///home");
    expect(await call("multiple_inputs")).toEqual([{ type: "text", text: "All there" }]);
    expect(await call("request_state")).toEqual([{ type: "text", text: "state-ok" }]);
    expect(await call("multi_round")).toEqual([{ type: "text", text: "All rounds are over" }]);
    expect(asked.length).toBe(7);
  });

  test("hears of logs at its level, of progress, and of changes", async () => {
    const server = modern();
    const { url } = aggregate({ a: server.url });
    const { client, notifications } = keep(await connectClient(url));
    await client.callTool({ name: "a__test_logging_tool", arguments: {} });
    expect(notifications).toEqual([]);
    await client.setLoggingLevel("info");
    await client.callTool({ name: "a__test_logging_tool", arguments: {} });
    expect(notifications.map(({ method }) => method)).toEqual(["notifications/message"]);
    await client.subscribeResource({ uri: "a+test://watched-resource" });
    const wanted = () =>
      server.seen
        .filter(({ body }) => body["method"] === "subscriptions/listen")
        .map(({ body }) => body["params"] as { notifications: { resourceSubscriptions?: string[] } });
    while (wanted().at(-1)?.notifications.resourceSubscriptions?.[0] !== "test://watched-resource")
      await Bun.sleep(10);
    await Bun.sleep(20);
    server.tell("notifications/resources/updated", { uri: "test://watched-resource" });
    while (notifications.length < 2) await Bun.sleep(10);
    expect(notifications.at(-1)).toMatchObject({
      method: "notifications/resources/updated",
      params: { uri: "a+test://watched-resource" },
    });
  });
});
