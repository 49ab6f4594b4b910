/** What a client of the official SDK sees through the gateway, of servers that answer in one piece or as streams. */
import { describe, expect, test } from "bun:test";
import { Client as ModernClient, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { type Aggregate, startAggregate } from "./aggregate.ts";
import { connectClient, type TestClient, textOf, until } from "./client.ts";
import { toolNames } from "./fixture-contents.ts";
import { type FixtureServer, startFixtureServer } from "./fixture-server.ts";

interface World {
  readonly gateway: Aggregate;
  readonly a: FixtureServer;
  readonly b: FixtureServer;
  readonly session: TestClient;
}

const cases: { name: string; run: (world: World) => Promise<void> }[] = [
  {
    name: "one server that is all of them",
    async run({ session: { client } }) {
      expect(client.getServerVersion()).toMatchObject({ name: "aigw", version: "1.2.3" });
      expect(client.getServerCapabilities()).toEqual({
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
      });
      expect(client.getInstructions()).toStartWith("## a\n\nUse the tools");
    },
  },
  {
    name: "all tools, in the order of the servers, with all that is said of them",
    async run({ session: { client } }) {
      const { tools } = await client.listTools();
      const names = [...toolNames, "echo", "json_schema_2020_12_tool"];
      expect(tools.map(({ name }) => name)).toEqual(
        ["a", "b"].flatMap((of) => names.map((name) => `${of}__${name}`)),
      );
      expect(tools.find(({ name }) => name === "b__echo")).toMatchObject({
        title: "Echo",
        annotations: { readOnlyHint: false, destructiveHint: false },
        _meta: { ui: { resourceUri: "ui://b/fixture/echo.html" } },
      });
    },
  },
  {
    name: "the tool of one server",
    async run({ session: { client }, b }) {
      const before = b.seen.length;
      expect(textOf(await client.callTool({ name: "b__echo", arguments: { message: "hi" } }))).toBe("hi");
      const [call] = b.seen.slice(before).filter(({ method }) => method === "POST");
      expect(JSON.parse(call?.body ?? "").params).toEqual({ name: "echo", arguments: { message: "hi" } });
    },
  },
  {
    name: "links to resources that can be followed",
    async run({ session: { client } }) {
      const { content } = await client.callTool({ name: "a__test_resource_link" });
      expect(content).toMatchObject([{ uri: "a+test://static-text" }]);
      const [read] = (await client.readResource({ uri: "a+test://static-text" })).contents;
      expect(read).toMatchObject({ uri: "a+test://static-text", mimeType: "text/plain" });
      const embedded = await client.callTool({ name: "a__test_embedded_resource" });
      expect(embedded.content).toMatchObject([{ resource: { uri: "a+test://embedded-resource" } }]);
    },
  },
  {
    name: "a tool that fails as one that fails",
    async run({ session: { client } }) {
      expect((await client.callTool({ name: "a__test_error_handling" })).isError).toBe(true);
    },
  },
  {
    name: "what is unknown as unknown, whether the server or the gateway says so",
    async run({ session: { client } }) {
      const refused = async (promise: Promise<unknown>) =>
        promise.then(
          () => "answered",
          (error) => String(error.code),
        );
      const calls = ["a__none", "c__echo", "echo", ""].map((name) => refused(client.callTool({ name })));
      expect(await Promise.all(calls)).toEqual(["-32602", "-32602", "-32602", "-32602"]);
      const reads = ["a+test://none", "c+test://x", "test://x"].map((uri) =>
        refused(client.readResource({ uri })),
      );
      expect(await Promise.all(reads)).toEqual(["-32002", "-32002", "-32002"]);
      expect(await refused(client.getPrompt({ name: "c__x" }))).toBe("-32602");
    },
  },
  {
    name: "progress under its own token",
    async run({ session: { client } }) {
      const seen: number[] = [];
      const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
      const result = await client.callTool({ name: "a__test_tool_with_progress" }, undefined, { onprogress });
      expect(seen).toEqual([0, 50, 100]);
      expect(textOf(result)).toMatch(/^\d+$/);
    },
  },
  {
    name: "log messages that say whose they are",
    async run({ session: { client, notifications } }) {
      await client.setLoggingLevel("debug");
      await client.callTool({ name: "b__test_tool_with_logging" });
      await until(() => notifications.length >= 3);
      expect(notifications.map(({ params }) => params)).toMatchObject([
        { logger: "b/tool", data: "Tool execution started" },
        { logger: "b/tool", data: "Tool processing data" },
        { logger: "b/tool", data: "Tool execution completed" },
      ]);
    },
  },
  {
    name: "a server that asks for a sample, for input, for roots",
    async run({ session: { client, asked } }) {
      const sampled = await client.callTool({ name: "a__test_sampling", arguments: { prompt: "p" } });
      expect(textOf(sampled)).toContain("sampled");
      const elicited = await client.callTool({ name: "b__test_elicitation", arguments: { message: "m" } });
      expect(textOf(elicited)).toContain('"username":"u"');
      expect(textOf(await client.callTool({ name: "a__test_roots" }))).toBe("file:///home");
      expect(asked).toMatchObject([
        { maxTokens: 100, _meta: { "aigw/backend": "a" } },
        { message: "m", _meta: { "aigw/backend": "b" } },
      ]);
    },
  },
  {
    name: "prompts, and resources in them that can be read",
    async run({ session: { client } }) {
      const { prompts } = await client.listPrompts();
      expect(prompts.map(({ name }) => name).filter((name) => name.endsWith("simple_prompt"))).toEqual([
        "a__test_simple_prompt",
        "b__test_simple_prompt",
      ]);
      const name = "b__test_prompt_with_embedded_resource";
      const { messages } = await client.getPrompt({ name, arguments: { resourceUri: "test://x" } });
      expect(messages[0]?.content).toMatchObject({ type: "resource", resource: { uri: "b+test://x" } });
    },
  },
  {
    name: "resources and templates that can be filled in",
    async run({ session: { client } }) {
      const { resources } = await client.listResources();
      expect(resources.map(({ uri }) => uri)).toContain("b+test://watched-resource");
      const { resourceTemplates } = await client.listResourceTemplates();
      expect(resourceTemplates[0]).toMatchObject({
        name: "a__Data",
        uriTemplate: "a+test://template/{id}/data",
      });
      const [read] = (await client.readResource({ uri: "a+test://template/7/data" })).contents;
      expect(read).toMatchObject({ text: expect.stringContaining("Data for ID: 7") });
    },
  },
  {
    name: "updates of what it subscribed to, under the name it knows",
    async run({ session: { client, notifications } }) {
      await client.subscribeResource({ uri: "b+test://watched-resource" });
      await until(() => notifications.length > 0);
      expect(notifications[0]).toMatchObject({
        method: "notifications/resources/updated",
        params: { uri: "b+test://watched-resource" },
      });
      expect(await client.unsubscribeResource({ uri: "b+test://watched-resource" })).toEqual({});
    },
  },
  {
    name: "completions of a prompt's and a template's argument",
    async run({ session: { client } }) {
      const argument = { name: "arg1", value: "par" };
      const prompt = { type: "ref/prompt" as const, name: "a__test_prompt_with_arguments" };
      expect((await client.complete({ ref: prompt, argument })).completion.values).toHaveLength(3);
      const template = { type: "ref/resource" as const, uri: "b+test://template/{id}/data" };
      expect((await client.complete({ ref: template, argument })).completion.values).toHaveLength(3);
    },
  },
  {
    name: "changes of a server's lists, told once for many",
    async run({ session: { client, notifications }, a }) {
      await until(() => a.seen.some(({ method }) => method === "GET"));
      await Bun.sleep(20);
      const [server] = [...a.sessions.values()];
      for (let i = 0; i < 5; i++) await server?.sendToolListChanged();
      await until(() => notifications.length > 0);
      await Bun.sleep(50);
      expect(notifications.map(({ method }) => method)).toEqual(["notifications/tools/list_changed"]);
      expect(await client.ping()).toEqual({});
    },
  },
  {
    name: "the end of its session at every server",
    async run({ session: { client, transport }, a, b }) {
      expect([a.sessions.size, b.sessions.size]).toEqual([1, 1]);
      await transport.terminateSession();
      expect([a.sessions.size, b.sessions.size]).toEqual([0, 0]);
      expect(client.ping()).rejects.toThrow();
      await Bun.sleep(1);
    },
  },
];

describe.each([
  ["in one piece", true],
  ["as streams", false],
])("behind servers that answer %s a client sees", (_, isJson) => {
  // Only a stream can hold what a server says before it answers.
  const wantsStream = /progress under|log messages|asks for/;
  const able = cases.filter(({ name }) => !isJson || !wantsStream.test(name));
  test.each(able)("$name", async ({ run }) => {
    using a = startFixtureServer({ isJson });
    using b = startFixtureServer({ isJson });
    await using gateway = startAggregate({ servers: { a: a.url, b: b.url } });
    await using session = await connectClient(gateway.url);
    await run({ gateway, a, b, session });
  });
});

test("a client of the SDK's second line finds its way to the handshake it shares with the gateway", async () => {
  using a = startFixtureServer();
  await using gateway = startAggregate({ servers: { a: a.url } });
  const client = new ModernClient({ name: "tests", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url)));
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain("a__echo");
  expect(await client.callTool({ name: "a__echo", arguments: { message: "hi" } })).toMatchObject({
    content: [{ type: "text", text: "hi" }],
  });
  await client.close();
});
