/** What coding agents offer, and Codex above all: tools in namespaces, free-form tools, tools that only OpenAI runs. */
import { describe, expect, test } from "bun:test";
import { anthropicBackend } from "../anthropic/backend.ts";
import { invokeHost, nativeHost } from "../anthropic/hosts.ts";
import { converse, converseHost } from "../converse/index.ts";
import { gemini, geminiHost } from "../gemini/index.ts";
import type { Meter, Passage } from "../passage.ts";
import { bytesOf, clientRequest, cutEverywhere, deepFreeze, messageSse, runStage } from "../testing.ts";
import { translate } from "../translate.ts";
import { eventProblems, eventsIn } from "./check-events.ts";
import { openaiResponsesClient } from "./client.ts";

const parameters = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
const patch = '*** Begin Patch\n*** Add File: "a.txt"\n+Köln\n*** End Patch';
const body = {
  model: "claude-sonnet-4-5",
  instructions: "You are a coding agent.",
  stream: true,
  store: false,
  include: ["reasoning.encrypted_content"],
  parallel_tool_calls: true,
  tool_choice: "auto",
  tools: [
    { type: "function", name: "exec_command", description: "Runs a command.", strict: false, parameters },
    {
      type: "custom",
      name: "apply_patch",
      description: "Edits files.",
      format: { type: "grammar", syntax: "lark", definition: "start: begin hunk+ end" },
    },
    {
      type: "namespace",
      name: "mcp__files__",
      description: "Files of the project.",
      tools: [
        { type: "function", name: "read", description: "Reads a file.", parameters },
        { type: "function", name: "list", parameters },
        { type: "custom", name: "note" },
      ],
    },
    { type: "namespace", name: "agents", tools: [{ type: "function", name: "spawn", parameters }] },
    { type: "function", name: "agents__spawn", parameters },
    { type: "web_search", external_web_access: true },
    { type: "tool_search", execution: "client", description: "Finds tools.", parameters },
  ],
  input: [
    { type: "message", role: "user", content: [{ type: "input_text", text: "Add a file." }] },
    { type: "custom_tool_call", call_id: "c1", name: "apply_patch", input: patch },
    { type: "custom_tool_call_output", call_id: "c1", output: "Done" },
    {
      type: "function_call",
      call_id: "c2",
      namespace: "mcp__files__",
      name: "read",
      arguments: '{"path":"a.txt"}',
    },
    { type: "function_call_output", call_id: "c2", output: "Köln" },
  ],
};
const request = deepFreeze(clientRequest("responses", body));
const flatNames = [
  "exec_command",
  "apply_patch",
  "mcp__files__read",
  "mcp__files__list",
  "mcp__files__note",
  "agents__spawn_2",
  "agents__spawn",
];

const clock = { nowMs: () => 1_750_000_000_000, newId: (prefix: string) => `${prefix}1` };
const claude = translate(openaiResponsesClient, anthropicBackend, nativeHost, clock);
const target = { schema: { name: "Anthropic", prefix: "v1" }, model: body.model } as const;
const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };

function send(passage: Passage, schema: "Anthropic" | "AWSAnthropic" | "AWSBedrock" | "GCPVertexAI") {
  const sent = passage.request(request, { schema: { name: schema }, model: body.model });
  return { json: JSON.parse(new TextDecoder().decode(sent.body)), warnings: sent.warnings ?? [] };
}

describe("what Codex offers reaches", () => {
  test("Claude with names that stand alone, a search, and patches as an object", () => {
    const { json } = send(claude, "Anthropic");
    expect(json.tools.map(({ name }: { name: string }) => name)).toEqual([...flatNames, "web_search"]);
    expect(json.tools[1].input_schema.required).toEqual(["input"]);
    expect(json.tools[2].description).toBe(
      "About all tools of mcp__files__: Files of the project.\n\nReads a file.",
    );
    const calls = json.messages.flatMap(({ content }: { content: { type: string }[] }) =>
      content.filter(({ type }) => type === "tool_use"),
    );
    expect(calls).toMatchObject([
      { name: "apply_patch", input: { input: patch } },
      { name: "mcp__files__read", input: { path: "a.txt" } },
    ]);
  });

  test.each([
    ["AWSAnthropic", translate(openaiResponsesClient, anthropicBackend, invokeHost), "tools.web_search"],
    ["AWSBedrock", translate(openaiResponsesClient, converse, converseHost), "tools.web_search"],
    ["GCPVertexAI", translate(openaiResponsesClient, gemini, geminiHost), undefined],
  ] as const)("%s, which is told nothing that it does not have", (schema, passage, leftOut) => {
    const { json, warnings } = send(passage, schema);
    const text = JSON.stringify(json.tools ?? json.toolConfig);
    for (const name of flatNames) expect(text).toContain(`"name":"${name}"`);
    expect(text).not.toContain("tool_search");
    expect(warnings.filter(({ level }) => level === "loud").length).toBeGreaterThan(0);
    if (leftOut !== undefined) expect(warnings.map(({ path }) => path)).toContain(leftOut);
  });
});

const toolUse = (index: number, name: string, ...pieces: string[]) => [
  {
    type: "content_block_start",
    index,
    content_block: { type: "tool_use", id: `toolu_${index}`, name, input: {} },
  },
  ...pieces.map((partial_json) => ({
    type: "content_block_delta",
    index,
    delta: { type: "input_json_delta", partial_json },
  })),
  { type: "content_block_stop", index },
];
const wrapped = JSON.stringify({ input: patch });
const begin = { type: "message_start", message: { id: "msg_1", model: "c", usage: {} } };
const end = [
  { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 9 } },
  { type: "message_stop" },
];
const streamed = bytesOf(
  messageSse(
    begin,
    ...toolUse(0, "mcp__files__read", '{"path":', '"a.txt"}'),
    ...toolUse(1, "apply_patch", wrapped.slice(0, 20), wrapped.slice(20)),
    ...toolUse(2, "agents__spawn_2", "{}"),
    ...toolUse(3, "agents__spawn", "{}"),
    ...toolUse(4, "mcp__files__note", '{"input":"Rhine"}'),
    ...end,
  ),
);
const wantedCalls = [
  {
    type: "function_call",
    call_id: "toolu_0",
    namespace: "mcp__files__",
    name: "read",
    arguments: '{"path":"a.txt"}',
  },
  { type: "custom_tool_call", call_id: "toolu_1", name: "apply_patch", input: patch },
  { type: "function_call", call_id: "toolu_2", namespace: "agents", name: "spawn", arguments: "{}" },
  { type: "function_call", call_id: "toolu_3", name: "agents__spawn", arguments: "{}" },
  { type: "custom_tool_call", call_id: "toolu_4", namespace: "mcp__files__", name: "note", input: "Rhine" },
];

function answerTo(pieces: readonly Uint8Array[]): string {
  const head = {
    status: 200,
    headers: new Headers({ "content-type": "text/event-stream" }),
    isEncoded: false,
  };
  const plan = claude.answer(request, target, meter).success(head);
  if (plan.type !== "rewrite") throw new Error(plan.type);
  return Buffer.concat(runStage(plan.stage, pieces)).toString();
}

test("Codex gets calls of its own tools back by their own names, cut anywhere", () => {
  const text = answerTo([streamed]);
  const events = eventsIn(text);
  expect(eventProblems(events)).toEqual([]);
  const items = events.filter(({ type }) => type === "response.output_item.done").map(({ item }) => item);
  expect(items).toMatchObject(wantedCalls);
  expect(events.at(-1)).toMatchObject({ type: "response.completed", response: { output: wantedCalls } });
  for (const pieces of cutEverywhere(streamed)) expect(answerTo(pieces)).toBe(text);
});

test("the text of a free-form call is told whole, as events of its own", () => {
  const events = eventsIn(answerTo([streamed])).filter(({ type }) =>
    String(type).includes("custom_tool_call"),
  );
  expect(events).toMatchObject([
    { type: "response.custom_tool_call_input.delta", delta: patch },
    { type: "response.custom_tool_call_input.done", input: patch },
    { type: "response.custom_tool_call_input.delta", delta: "Rhine" },
    { type: "response.custom_tool_call_input.done", input: "Rhine" },
  ]);
});
