import { afterEach, describe, expect, test } from "bun:test";
import { encodeText } from "../../dialects/wire/text.ts";
import { defaultMcpLimits } from "../../model/mcp.ts";
import { type BackendConnection, BackendFailure } from "../backends/connection.ts";
import { ask, callWith, open, readAll, resultOf, testConnection } from "./testing.ts";

const opened: BackendConnection[] = [];

function connect(...[options]: Parameters<typeof testConnection>) {
  const made = testConnection(options);
  opened.push(made.connection);
  return made;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((connection) => connection.close()));
});

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "no failure",
    (error: unknown) => (error instanceof BackendFailure ? `${error.kind}: ${error.message}` : error),
  );

async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await Bun.sleep(5);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("a shared child", () => {
  test("is introduced once, as to one client without abilities", async () => {
    const { connection } = connect();
    const message = { id: "a", method: "initialize", params: { capabilities: { sampling: {} } } };
    const [one, two] = await Promise.all([resultOf(connection, message), resultOf(connection, message)]);
    expect(one).toEqual(two);
    expect(one).toMatchObject({
      seen: { capabilities: {}, clientInfo: { name: "aigw" }, protocolVersion: "2025-11-25" },
    });
    expect(await ask(connection, '{"jsonrpc":"2.0","method":"notifications/initialized"}')).toEqual([]);
    const { heard } = await resultOf(connection, { method: "heard" });
    expect((heard as { method: string }[]).map(({ method }) => method)).toEqual([
      "initialize",
      "notifications/initialized",
      "heard",
    ]);
  });

  test("keeps apart what has the same id, and answers in its own order", async () => {
    const { connection } = connect();
    const a = await open(connection);
    const b = await open(connection);
    const held = [
      ask(connection, { method: "hold" }, { sessionId: a }),
      ask(connection, { id: "1", method: "hold" }, { sessionId: b }),
    ];
    await ask(connection, { id: 1, method: "release" });
    const [one = [], two = []] = await Promise.all(held);
    expect(one[0]).toMatch(/^\{"jsonrpc":"2.0","id":1,/);
    expect(two[0]).toMatch(/^\{"jsonrpc":"2.0","id":"1",/);
  });

  test("has its bytes passed on, but for the id", async () => {
    const { connection } = connect();
    expect(await ask(connection, '{"jsonrpc":"2.0","id":98765432109876543210,"method":"exact"}')).toEqual([
      '{"result": {"n": 12345678901234567890, "f": 1.10, "unknown": [ ]}, "jsonrpc": "2.0", "id": 98765432109876543210}',
    ]);
  });

  test("may be asked in several lines", async () => {
    const { connection } = connect();
    const [answer = ""] = await ask(connection, '{\n  "jsonrpc": "2.0",\r\n  "id": 1,\n  "method": "x"\n}');
    expect(JSON.parse(answer)).toMatchObject({ id: 1, result: { method: "x" } });
  });

  test("reports progress under the token of who asked", async () => {
    const { connection } = connect();
    const message = (progressToken: unknown) => ({
      method: "progress",
      params: { _meta: { progressToken } },
    });
    const [one, two] = await Promise.all([ask(connection, message("t")), ask(connection, message("t"))]);
    for (const texts of [one, two]) {
      expect(texts).toHaveLength(3);
      expect(texts.slice(0, 2).map((text) => JSON.parse(text).params)).toEqual([
        { progressToken: "t", progress: 1 },
        { progressToken: "t", progress: 2 },
      ]);
    }
    const tokens = [one, two].map((texts) => JSON.parse(texts.at(-1) ?? "").result.progressToken);
    expect(new Set(tokens).size).toBe(2);
  });

  test("hears of cancellations under its own ids, from one session not those of another", async () => {
    const { connection } = connect();
    const [a, b] = [await open(connection), await open(connection)];
    const cancel = encodeText(
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}',
    );
    const held = ask(connection, { id: 7, method: "hold" }, { sessionId: a });
    await connection.send(cancel, callWith({ sessionId: b }));
    await connection.send(cancel, callWith({ sessionId: a }));
    expect(await held).toEqual([]);
    const gaveUp = new AbortController();
    const other = failureOf(ask(connection, { id: 8, method: "hold" }, { signal: gaveUp.signal }));
    await ask(connection, { method: "x" });
    gaveUp.abort();
    expect(await other).toBe("stopped: was not waited for");
    const { heard } = await resultOf(connection, { method: "heard" });
    const all = heard as { method: string; id: number; params: { requestId: number } }[];
    const holds = all.filter(({ method }) => method === "hold").map(({ id }) => id);
    const cancelled = all
      .filter(({ method }) => method === "notifications/cancelled")
      .map(({ params }) => params.requestId);
    expect(cancelled).toEqual(holds);
  });

  test("cannot ask clients anything, and is alive when it asks whether they are", async () => {
    const { connection } = connect();
    for (const method of ["ping", "sampling/createMessage"])
      await ask(connection, { method: "say", params: { message: { id: method, method } } });
    const { heard } = await resultOf(connection, { method: "heard" });
    const answers = (heard as { id: unknown; method?: string }[]).filter(
      ({ method }) => method === undefined,
    );
    expect(answers).toMatchObject([
      { id: "ping", result: {} },
      { id: "sampling/createMessage", error: { code: -32601 } },
    ]);
  });

  test("is heard by all who listen; of a resource by those who asked for it", async () => {
    const { connection } = connect();
    const [a, b] = [await open(connection), await open(connection)];
    const subscribe = (method: string, sessionId: string) =>
      resultOf(connection, { method, params: { uri: "x:1" } }, { sessionId });
    await subscribe("resources/subscribe", a);
    const streams = await Promise.all([a, b].map((sessionId) => connection.listen(callWith({ sessionId }))));
    const updated = { method: "notifications/resources/updated", params: { uri: "x:1" } };
    const changed = { method: "notifications/tools/list_changed" };
    for (const message of [updated, changed]) await ask(connection, { method: "say", params: { message } });
    const next = async (index: number) =>
      JSON.parse(new TextDecoder().decode((await streams[index]?.messages.next())?.bytes)).method;
    expect([await next(0), await next(0), await next(1)]).toEqual([
      updated.method,
      changed.method,
      changed.method,
    ]);
    // The child knows of one subscription, whoever has it, and of its end when nobody is left.
    await subscribe("resources/subscribe", b);
    await connection.endSession(callWith({ sessionId: a }));
    await subscribe("resources/unsubscribe", b);
    const { heard } = await resultOf(connection, { method: "heard" });
    const methods = (heard as { method: string }[])
      .map(({ method }) => method)
      .filter((method) => method.startsWith("resources/"));
    expect(methods).toEqual(["resources/subscribe", "resources/unsubscribe"]);
  });

  test("logs as much as the session that wants most", async () => {
    const { connection } = connect();
    const [a, b] = [await open(connection), await open(connection)];
    const set = (level: string, sessionId: string) =>
      resultOf(connection, { method: "logging/setLevel", params: { level } }, { sessionId });
    await set("debug", a);
    await set("error", b);
    const { heard } = await resultOf(connection, { method: "heard" });
    const wanted = (heard as { method: string; params: object }[]).filter(
      ({ method }) => method === "logging/setLevel",
    );
    expect(wanted.map(({ params }) => params)).toEqual([{ level: "debug" }, { level: "debug" }]);
  });

  test("that ends fails what it was asked, and comes back introduced, which listeners hear", async () => {
    const { connection, log } = connect();
    const sessionId = await open(connection);
    await resultOf(connection, { method: "resources/subscribe", params: { uri: "x:1" } }, { sessionId });
    const stream = await connection.listen(callWith({ sessionId }));
    const held = failureOf(ask(connection, { method: "hold" }));
    expect(await failureOf(ask(connection, { method: "crash" }))).toBe("reset: ended with exit code 3");
    expect(await held).toBe("reset: ended with exit code 3");
    expect(await failureOf(ask(connection, { method: "x" }))).toBe(
      "connect: ended with exit code 3; it is started again in 1 s",
    );
    expect(log.lines.find(({ level }) => level === "error")?.fields).toMatchObject({
      server: "fixture",
      reason: "ended with exit code 3",
      last: expect.stringContaining("so long"),
    });
    expect(JSON.parse(new TextDecoder().decode((await stream?.messages.next())?.bytes)).method).toBe(
      "notifications/tools/list_changed",
    );
    const { heard } = await resultOf(connection, { method: "heard" }, { sessionId });
    const methods = (heard as { method: string }[]).map(({ method }) => method);
    expect(methods).toEqual(["initialize", "notifications/initialized", "resources/subscribe", "heard"]);
  });

  test("may write what is no message, and to standard error", async () => {
    const { connection, log } = connect({ words: ["banner"] });
    expect(await resultOf(connection, { method: "x" })).toMatchObject({ method: "x" });
    const junk = log.lines.filter(({ level }) => level === "debug");
    expect(junk).toHaveLength(2);
    const said = await until(() => log.lines.find(({ level }) => level === "info"));
    expect(said).toMatchObject({
      message: "an MCP server says",
      fields: { server: "fixture", line: expect.stringMatching(/^started \d+$/) },
    });
  });

  test("that answers too much fails that request alone", async () => {
    const { connection } = connect({ limits: { ...defaultMcpLimits, maxEventBytes: 100_000 } });
    const held = ask(connection, { method: "hold" });
    expect(await failureOf(ask(connection, { method: "huge", params: { bytes: 1_000_000 } }))).toBe(
      "too-large: sent an answer that is too large",
    );
    await ask(connection, { method: "release" });
    expect(await held).toHaveLength(1);
  });

  test("takes and gives megabytes", async () => {
    const { connection } = connect();
    const text = "x".repeat(5_000_000);
    const [sent, got] = await Promise.all([
      resultOf(connection, { method: "x", params: { text } }),
      ask(connection, { method: "huge", params: { bytes: 5_000_000 } }),
    ]);
    expect(sent?.["length"]).toBeGreaterThan(5_000_000);
    expect(got[0]?.length).toBeGreaterThan(5_000_000);
  });

  test("loses log lines that nobody reads, and nothing else", async () => {
    const { connection } = connect();
    const stream = await connection.listen(callWith());
    await ask(connection, { method: "flood", params: { count: 1000 } });
    await ask(connection, {
      method: "say",
      params: { message: { method: "notifications/tools/list_changed" } },
    });
    let last = "";
    let count = 0;
    while (!last.includes("list_changed")) {
      last = new TextDecoder().decode((await stream?.messages.next())?.bytes);
      count++;
    }
    expect(count).toBeLessThanOrEqual(257);
  });

  test("is asked no more than 64 things at once, and all of them in the end", async () => {
    const { connection } = connect();
    const held = Array.from({ length: 64 }, () => ask(connection, { method: "hold" }));
    const late = Array.from({ length: 10 }, () => resultOf(connection, { method: "x" }));
    const release = ask(connection, { method: "release" });
    const gaveUp = new AbortController();
    const first = ask(connection, { method: "hold" }, { signal: gaveUp.signal }).catch(() => []);
    await Bun.sleep(50);
    const cancel = encodeText(
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
    );
    await connection.send(cancel, callWith());
    await Promise.all([...held, ...late, release]);
    gaveUp.abort();
    expect(await first).toEqual([]);
  });
});

describe("the environment of a child", () => {
  const environment = {
    PATH: process.env["PATH"],
    HOME: "/h",
    TOKEN: "own",
    BUN_CONFIG_MAX_HTTP_REQUESTS: "65535",
  };
  const transport = {
    environment: [["KEY", { id: "k", from: "literal", name: "k", fingerprint: "", at: 0 }] as const],
  };
  test("is ours, without what is for us alone, and the server's own", async () => {
    const { connection } = connect({ environment, transport });
    const seen = await resultOf(connection, { method: "environment" });
    expect(seen).toMatchObject({ HOME: "/h", TOKEN: "own", KEY: "value of k" });
    expect(seen?.["BUN_CONFIG_MAX_HTTP_REQUESTS"]).toBeUndefined();
  });
  test("or only what every program needs, and the server's own", async () => {
    const { connection } = connect({ environment, transport: { ...transport, inheritsEnvironment: false } });
    const seen = await resultOf(connection, { method: "environment" });
    expect(seen).toMatchObject({ HOME: "/h", KEY: "value of k" });
    expect(seen?.["TOKEN"]).toBeUndefined();
  });
});

describe("a child that cannot be started", () => {
  test.each([
    [
      "a command that is not there",
      { command: "aigw-no-such-command" },
      "cannot be started: its command, or its directory, is not there",
    ],
    [
      "a file that is no program",
      { command: import.meta.path, arguments: [] },
      "cannot be started: its command may not be executed",
    ],
  ])("%s", async (_, transport, want) => {
    const { connection, log } = connect({ transport });
    await until(() => log.lines.find(({ level }) => level === "error"));
    expect(await failureOf(ask(connection, { method: "initialize" }))).toBe(
      `connect: ${want}; it is started again in 1 s`,
    );
    expect(log.lines.find(({ level }) => level === "error")?.fields).toMatchObject({ reason: want });
  });
});

describe("closing", () => {
  test.each([[[]], [["stubborn"]], [["family"]], [["stubborn", "family"]]])(
    "ends %j with all that it started",
    async (words) => {
      const { connection } = testConnection({ words });
      const { pid } = (await resultOf(connection, { method: "x" })) as { pid: number };
      const group = await Bun.$`ps -o pid= -g ${pid}`.nothrow().text();
      const members = group.trim().split(/\s+/).map(Number);
      expect(members.length).toBe(words.includes("family") ? 2 : 1);
      await connection.close();
      await until(() => (members.some(isAlive) ? undefined : true));
      expect(await failureOf(ask(connection, { method: "x" }))).toBe("connect: is shutting down");
    },
  );
});

describe("a child for each session", () => {
  const perSession = { mode: "per-session" } as const;
  test("knows its client, and no other", async () => {
    const { connection } = connect({ transport: perSession });
    const [a, b] = [await open(connection), await open(connection)];
    const [one, two] = await Promise.all(
      [a, b].map((sessionId) => resultOf(connection, { method: "heard" }, { sessionId })),
    );
    expect(one?.["heard"]).toMatchObject([
      { method: "initialize", params: { capabilities: { roots: {} } } },
      { method: "heard" },
    ]);
    expect(two?.["heard"]).toMatchObject([{ method: "initialize" }, { method: "heard" }]);
    expect(
      (
        await connection.send(
          encodeText('{"jsonrpc":"2.0","id":1,"method":"x"}'),
          callWith({ sessionId: "other" }),
        )
      ).status,
    ).toBe(404);
    await connection.endSession(callWith({ sessionId: a }));
    expect(
      (await connection.send(encodeText('{"jsonrpc":"2.0","id":1,"method":"x"}'), callWith({ sessionId: a })))
        .status,
    ).toBe(404);
  });

  test("may ask its client, who answers", async () => {
    const { connection } = connect({ transport: perSession });
    const sessionId = await open(connection);
    const message = { id: "q", method: "elicitation/create", params: {} };
    const texts = await ask(connection, { method: "say", params: { message } }, { sessionId });
    expect(texts.map((text) => JSON.parse(text))).toMatchObject([
      { id: "q", method: "elicitation/create" },
      { id: 1, result: {} },
    ]);
    const answer = '{"jsonrpc":"2.0","id":"q","result":{"action":"accept"}}';
    expect((await connection.send(encodeText(answer), callWith({ sessionId }))).status).toBe(202);
    const { heard } = (await resultOf(connection, { method: "heard" }, { sessionId })) as {
      heard: unknown[];
    };
    expect(heard).toContainEqual(JSON.parse(answer));
  });

  test("that has ended is a session that is gone", async () => {
    const { connection } = connect({ transport: perSession });
    const sessionId = await open(connection);
    const stream = await connection.listen(callWith({ sessionId }));
    expect(await failureOf(ask(connection, { method: "crash" }, { sessionId }))).toBe(
      "reset: ended with exit code 3",
    );
    expect(stream && (await readAll(stream))).toEqual([]);
    expect(
      (await connection.send(encodeText('{"jsonrpc":"2.0","id":1,"method":"x"}'), callWith({ sessionId })))
        .status,
    ).toBe(404);
  });
});
