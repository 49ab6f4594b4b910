/** Servers that do what no server should, and what a client sees of it. */
import { describe, expect, test } from "bun:test";
import { startAggregate } from "./aggregate.ts";
import { connectClient, textOf, until } from "./client.ts";
import { startFixtureServer } from "./fixture-server.ts";
import { RawClient } from "./raw-client.ts";
import { events, type Script, startScriptedServer } from "./scripted-server.ts";

const answer = (id: unknown, text = "done") =>
  JSON.stringify({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text }] } });
const onCall =
  (respond: (id: unknown) => Response): Script =>
  ({ method, id }) =>
    method === "tools/call" ? respond(id) : undefined;
const json = (text: string, init: ResponseInit = {}) =>
  new Response(text, { ...init, headers: { "content-type": "application/json", ...init.headers } });

const calls: { name: string; script: Script; want: object }[] = [
  {
    name: "answers of others on the stream are dropped",
    script: onCall((id) =>
      events(
        `data: ${answer(99, "wrong")}\n\ndata: ${answer(String(id), "wrong")}\n\ndata: ${answer(id)}\n\n`,
      ),
    ),
    want: { status: 200, message: { id: 1, result: { content: [{ text: "done" }] } } },
  },
  {
    name: "events that are no messages are dropped",
    script: onCall((id) =>
      events(`data: {"broken\n\n`, `data: ${answer(id).slice(0, 9)}`, `${answer(id).slice(9)}\n\n`),
    ),
    want: { status: 200, message: { result: { content: [{ text: "done" }] } } },
  },
  {
    name: "a stream that ends without an answer is an error that names the server",
    script: onCall(() => events(": hello\n\n")),
    want: {
      status: 200,
      message: { id: 1, error: { code: -32603, message: 'backend "a" closed the stream before answering' } },
    },
  },
  {
    name: "an answer that is no JSON is an error",
    script: onCall(() => json("<html>", { headers: { "content-type": "text/html" } })),
    want: { status: 200, message: { error: { code: -32603 } } },
  },
  {
    name: "a status says no more than its number: neither what is in the body, nor where to log in",
    script: onCall(
      () => new Response("secret", { status: 401, headers: { "www-authenticate": "Bearer x" } }),
    ),
    want: {
      status: 200,
      text: expect.not.stringContaining("secret"),
      message: { error: { message: 'backend "a" requires authorization' } },
    },
  },
  {
    name: "HTTP 500 is the server's fault",
    script: onCall(() => new Response("oops", { status: 500 })),
    want: { status: 200, message: { error: { code: -32603, message: 'backend "a": HTTP 500' } } },
  },
  {
    name: "a server that is asked too often says when to come back",
    script: onCall(() => new Response(null, { status: 429, headers: { "retry-after": "7" } })),
    want: { message: { error: { data: { backend: "a", retryAfterMs: 7000 } } } },
  },
  {
    name: "an error of JSON-RPC passes, also from a server that gives it a status",
    script: onCall((id) =>
      json(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -7, message: "no", data: { n: 1 } } }), {
        status: 400,
      }),
    ),
    want: { status: 200, message: { id: 1, error: { code: -7, message: "no", data: { n: 1 } } } },
  },
  {
    name: "cookies and other headers stay behind",
    script: onCall((id) =>
      json(answer(id), { headers: { "set-cookie": "a=b", server: "x", "x-secret": "1" } }),
    ),
    want: { status: 200, message: { result: {} } },
  },
];

test.each(calls)("$name", async ({ script, want }) => {
  using a = startScriptedServer(script);
  await using gateway = startAggregate({ servers: { a: a.url } });
  const client = new RawClient(gateway.url);
  await client.open();
  const got = await client.call("tools/call", { name: "a__t" });
  expect(got).toMatchObject(want);
  for (const name of ["set-cookie", "server", "x-secret", "www-authenticate"])
    expect(got.headers.has(name)).toBe(false);
});

describe("a session that a server has lost", () => {
  test.each([
    ["404", (): Response => new Response(null, { status: 404 })],
    [
      "400 that speaks of the session",
      () =>
        json(
          '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}',
          { status: 400 },
        ),
    ],
  ])("by %s is opened anew, and the call made again", async (_, refuse) => {
    let sessions = 0;
    using a = startScriptedServer(({ method, params, request }) => {
      const id = request.headers.get("mcp-session-id");
      if (method === "initialize") {
        const result = {
          protocolVersion: params["protocolVersion"],
          capabilities: { tools: {} },
          serverInfo: {},
        };
        return Response.json(
          { jsonrpc: "2.0", id: "aigw-initialize", result },
          { headers: { "mcp-session-id": `s${++sessions}` } },
        );
      }
      return method === "tools/call" && id !== "s2" ? refuse() : undefined;
    });
    await using gateway = startAggregate({ servers: { a: a.url } });
    const client = new RawClient(gateway.url);
    await client.open();
    for (let i = 0; i < 2; i++)
      expect((await client.call("tools/call", { name: "a__t" })).message.result).toBeDefined();
    expect(sessions).toBe(2);
  });

  test("is opened once for many calls, with what the client had asked of it", async () => {
    using a = startFixtureServer({ isJson: true });
    await using gateway = startAggregate({ servers: { a: a.url } });
    await using session = await connectClient(gateway.url);
    await session.client.subscribeResource({ uri: "a+test://watched-resource" });
    await session.client.setLoggingLevel("error");
    a.restart();
    const before = a.seen.length;
    const echo = (message: string) => session.client.callTool({ name: "a__echo", arguments: { message } });
    expect((await Promise.all(["1", "2", "3"].map(echo))).map(textOf)).toEqual(["1", "2", "3"]);
    expect(a.sessions.size).toBe(1);
    const methods = a.seen.slice(before).map(({ body }) => (body === "" ? "" : JSON.parse(body).method));
    expect(
      methods.filter((method) => /^(initialize|resources\/subscribe|logging\/setLevel)$/.test(method)),
    ).toEqual(["initialize", "resources/subscribe", "logging/setLevel"]);
  });
});

describe("lists", () => {
  const tool = (name: string) => ({ name, inputSchema: { type: "object" } });
  const paged: Script = ({ method, params: { cursor } }) =>
    method !== "tools/list"
      ? undefined
      : {
          tools: [tool(`t${cursor ?? 0}`)],
          ...(cursor === "2" ? {} : { nextCursor: cursor === "1" ? "2" : "1" }),
        };
  const names = (answer: { message: { result?: Record<string, unknown> } }) =>
    ((answer.message.result?.["tools"] ?? []) as { name: string }[]).map(({ name }) => name);

  test("are read to their last page", async () => {
    using a = startScriptedServer(paged);
    using b = startScriptedServer();
    await using gateway = startAggregate({ servers: { a: a.url, b: b.url } });
    const client = new RawClient(gateway.url);
    await client.open();
    const got = await client.call("tools/list");
    expect(names(got)).toEqual(["a__t0", "a__t1", "a__t2", "b__t"]);
    expect(got.message.result?.["nextCursor"]).toBeUndefined();
  });

  test("are cut into pages of our own where that is wanted, and refuse cursors that we did not give", async () => {
    using a = startScriptedServer(paged);
    await using gateway = startAggregate({ servers: { a: a.url }, limits: { pageSize: 2 } });
    const client = new RawClient(gateway.url);
    await client.open();
    const first = await client.call("tools/list");
    expect(names(first)).toEqual(["a__t0", "a__t1"]);
    const cursor = String(first.message.result?.["nextCursor"]);
    expect(names(await client.call("tools/list", { cursor }))).toEqual(["a__t2"]);
    for (const foreign of ["1", `${cursor.slice(0, -2)}AA`]) {
      expect((await client.call("tools/list", { cursor: foreign })).message.error).toEqual({
        code: -32602,
        message: "invalid cursor",
      });
    }
    a.answerWith(({ method }) =>
      method === "tools/list" ? { tools: [1, 2, 3].map((n) => tool(`other${n}`)) } : undefined,
    );
    expect((await client.call("tools/list", { cursor })).message.error?.code).toBe(-32602);
  });

  test("without an end are used as far as they came", async () => {
    using a = startScriptedServer(({ method }) =>
      method === "tools/list" ? { tools: [tool("t")], nextCursor: "same" } : undefined,
    );
    await using gateway = startAggregate({ servers: { a: a.url } });
    const client = new RawClient(gateway.url);
    await client.open();
    expect(names(await client.call("tools/list"))).toEqual(["a__t", "a__t"]);
    expect(gateway.log.join()).toContain("has no end");
  });

  test("of thousands of tools keep every number and member that nobody knows", async () => {
    const odd =
      '{"name":"t","inputSchema":{"maximum":12345678901234567890,"x":1.10},"new":{"b":1,"a":[null]},"annotations":{"readOnlyHint":false}}';
    const many = Array.from({ length: 5000 }, (_, i) => JSON.stringify(tool(`tool-${i}`))).join(",");
    using a = startScriptedServer(({ method, id }) =>
      method === "tools/list"
        ? json(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"tools":[${odd},${many}]}}`)
        : undefined,
    );
    await using gateway = startAggregate({ servers: { a: a.url } });
    const client = new RawClient(gateway.url);
    await client.open();
    const got = await client.call("tools/list", {}, 12345);
    expect(got.text).toContain(odd.replace('"t"', '"a__t"'));
    expect(names(got)).toHaveLength(5001);
  });

  test("say which servers are missing, and are an error if all are", async () => {
    using a = startScriptedServer();
    using b = startScriptedServer();
    await using gateway = startAggregate({ servers: { a: a.url, b: b.url } });
    const client = new RawClient(gateway.url);
    await client.open();
    const fail: Script = ({ method }) =>
      method === "tools/list" ? new Response(null, { status: 503 }) : undefined;
    a.answerWith(fail);
    const partial = await client.call("tools/list");
    expect(names(partial)).toEqual(["b__t"]);
    expect(partial.message.result?.["_meta"]).toEqual({ "aigw/partial": { a: 'backend "a": HTTP 503' } });
    b.answerWith(fail);
    expect((await client.call("tools/list")).message.error).toMatchObject({
      code: -32603,
      message: "no list from a, b",
    });
  });
});

describe("a server that is not there", () => {
  test("is left out, and comes in later without the client doing anything", async () => {
    using a = startScriptedServer();
    using late = startScriptedServer(() => new Response(null, { status: 503 }));
    await using gateway = startAggregate({ servers: { a: a.url, late: late.url } });
    const client = new RawClient(gateway.url);
    const opened = await client.open();
    expect(opened.message.result?.["_meta"]).toEqual({
      "aigw/unavailable": { late: "answered HTTP 503 to initialize" },
    });
    expect((await client.call("tools/call", { name: "late__t" })).message.error?.code).toBe(-32603);
    late.answerWith(() => undefined);
    await Bun.sleep(1100);
    expect((await client.call("tools/call", { name: "late__t" })).message.result).toBeDefined();
  });

  test("keeps nobody waiting longer than it may, and nobody at all after a while", async () => {
    using a = startScriptedServer();
    using slow = startScriptedServer(async () => {
      await Bun.sleep(2000);
      return undefined;
    });
    await using gateway = startAggregate({
      servers: { a: a.url, slow: slow.url },
      limits: { initializeMs: 50 },
    });
    for (let i = 0; i < 5; i++) {
      const { message } = await new RawClient(gateway.url).open();
      expect(message.result?.["_meta"]).toEqual({ "aigw/unavailable": { slow: "did not answer in time" } });
    }
    expect((await new RawClient(gateway.url).open()).message.result?.["_meta"]).toEqual({
      "aigw/unavailable": { slow: "is down" },
    });
  });

  test("makes the whole fail where the route says so, or where there is no other", async () => {
    using a = startScriptedServer();
    const gone = "http://127.0.0.1:9/mcp";
    await using closed = startAggregate({ servers: { a: a.url, gone }, route: { failureMode: "closed" } });
    await using alone = startAggregate({ servers: { gone } });
    for (const gateway of [closed, alone]) {
      expect(await new RawClient(gateway.url).open()).toMatchObject({
        status: 502,
        message: { id: "init", error: { code: -32603, data: { backends: { gone: "cannot be reached" } } } },
      });
    }
  });
});

test("a call that takes too long is over for the client, and the server hears that nobody waits", async () => {
  using a = startFixtureServer();
  await using gateway = startAggregate({ servers: { a: a.url }, limits: { callMs: 100 } });
  const client = new RawClient(gateway.url);
  await client.open();
  const { message } = await client.call("tools/call", { name: "a__test_wait", arguments: { ms: 5000 } });
  expect(message).toMatchObject({ id: 1, error: { code: -32001, message: "Request timed out" } });
  await until(() => a.seen.some(({ body }) => body.includes("notifications/cancelled")));
});

test("progress keeps a call alive that is silent otherwise", async () => {
  using a = startScriptedServer(
    onCall((id) => events(": 1\n\n", 100, ": 2\n\n", 100, ": 3\n\n", 100, `data: ${answer(id)}\n\n`)),
  );
  await using gateway = startAggregate({ servers: { a: a.url }, limits: { callIdleMs: 220 } });
  const client = new RawClient(gateway.url);
  await client.open();
  expect((await client.call("tools/call", { name: "a__t" })).message.result).toBeDefined();
});

test("a long silence reaches the client as signs of life", async () => {
  using a = startScriptedServer(async ({ method }) => {
    if (method === "tools/call") await Bun.sleep(350);
    return undefined;
  });
  await using gateway = startAggregate({ servers: { a: a.url }, limits: { heartbeatMs: 80 } });
  const client = new RawClient(gateway.url);
  await client.open();
  const { text, message } = await client.call("tools/call", { name: "a__t" });
  expect(text).toStartWith(":\n\n:\n\n");
  expect(message.result).toBeDefined();
});

test("a cancelled call ends at the server, and its answer reaches nobody", async () => {
  using a = startFixtureServer();
  await using gateway = startAggregate({ servers: { a: a.url } });
  const client = new RawClient(gateway.url);
  await client.open();
  const call = client.call("tools/call", { name: "a__test_wait", arguments: { ms: 5000 } }, "w");
  await Bun.sleep(50);
  await client.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "w" } });
  expect((await call).text).toBe("");
  await until(() => a.seen.some(({ body }) => body.includes('"requestId":"w"')));
});

test("a client that leaves ends what was done for it", async () => {
  let isAborted = false;
  using a = startScriptedServer(async ({ method, request }) => {
    if (method !== "tools/call") return undefined;
    request.signal.addEventListener("abort", () => {
      isAborted = true;
    });
    await Bun.sleep(3000);
    return undefined;
  });
  await using gateway = startAggregate({ servers: { a: a.url } });
  const client = new RawClient(gateway.url);
  await client.open();
  const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "a__t" } };
  await client.send(body, { signal: AbortSignal.timeout(50) }).catch(() => {});
  await until(() => isAborted);
});

test("a server that closes its stream and wants to be asked for the rest is asked", async () => {
  using a = startFixtureServer({ isResumable: true });
  await using gateway = startAggregate({ servers: { a: a.url } });
  await using session = await connectClient(gateway.url);
  expect(textOf(await session.client.callTool({ name: "a__test_reconnection" }))).toBe("Reconnected");
});

test("ten megabytes pass, with one server and with many", async () => {
  using a = startFixtureServer({ isJson: true });
  const bytes = 10 * 1024 * 1024;
  for (const prefixMode of ["conditional", "always"] as const) {
    await using gateway = startAggregate({ servers: { a: a.url }, route: { prefixMode } });
    await using session = await connectClient(gateway.url);
    const name = prefixMode === "always" ? "a__test_large" : "test_large";
    expect(textOf(await session.client.callTool({ name, arguments: { bytes } }))).toHaveLength(bytes);
  }
});

test("what is too large is refused, in either direction", async () => {
  using a = startScriptedServer(onCall((id) => json(answer(id, "x".repeat(5000)))));
  await using gateway = startAggregate({
    servers: { a: a.url },
    limits: { maxRequestBytes: 1000, maxResponseBytes: 4000 },
  });
  const client = new RawClient(gateway.url);
  await client.open();
  expect((await client.call("tools/call", { name: "a__t" })).message.error?.message).toBe(
    'backend "a" sent an answer larger than 4000 bytes',
  );
  const large = await client.call("tools/call", { name: "a__t", arguments: { x: "x".repeat(2000) } });
  expect(large).toMatchObject({ status: 413, message: { id: null, error: { code: -32600 } } });
});

test("bare names go to the first server that has them", async () => {
  const tools =
    (...names: string[]): Script =>
    ({ method, params }) => {
      if (method === "tools/list")
        return { tools: names.map((name) => ({ name, inputSchema: { type: "object" } })) };
      if (method === "tools/call") return { content: [{ type: "text", text: `${names} ${params["name"]}` }] };
      return undefined;
    };
  using a = startScriptedServer(tools("x", "both"));
  using b = startScriptedServer(tools("both", "y"));
  await using gateway = startAggregate({ servers: { a: a.url, b: b.url }, route: { prefixMode: "never" } });
  const client = new RawClient(gateway.url);
  await client.open();
  const call = async (name: string) => (await client.call("tools/call", { name })).text;
  expect(await call("y")).toContain("both,y y");
  expect(await call("both")).toContain("x,both both");
  expect(await call("z")).toContain("Unknown tool: z");
  const { message } = await client.call("tools/list");
  expect(((message.result?.["tools"] ?? []) as { name: string }[]).map(({ name }) => name)).toEqual([
    "x",
    "both",
    "y",
  ]);
});
