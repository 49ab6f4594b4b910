/** The official SDKs talk to Gemini through passages: what they accumulate, and what they give back in the next turn. */
import { describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { IrUsage } from "../ir/usage.ts";
import type { EndpointName, Meter } from "../passage.ts";
import { bytesOf, clientRequest, runStage } from "../testing.ts";
import { translatedPassages } from "../translated.ts";

const model = "gemini-3-flash-preview";
const target = { schema: { name: "GCPVertexAI" }, model } as const;
/** Bodies as Vertex AI got them, and what was metered. */
const sent: { contents: unknown[] }[] = [];
const metered: IrUsage[] = [];
const meter: Meter = {
  usage: (usage) => metered.push(usage),
  model() {},
  firstToken() {},
  complete() {},
  failed() {},
};

/** A `fetch` whose upstream answers with these bytes, a few at a time. */
function through(endpoint: EndpointName, body: string, contentType: string) {
  return async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    const passage = translatedPassages.GCPVertexAI?.[endpoint];
    if (passage === undefined) throw new Error("no such pair");
    const request = clientRequest(endpoint, String(init?.body));
    sent.push(JSON.parse(new TextDecoder().decode(passage.request(request, target).body)));
    const head = { status: 200, headers: new Headers({ "content-type": contentType }), isEncoded: false };
    const plan = passage.answer(request, target, meter).success(head);
    if (plan.type === "whole") {
      return Response.json(JSON.parse(new TextDecoder().decode(plan.read(bytesOf(body))?.body)));
    }
    if (plan.type !== "rewrite") throw new Error("not translated");
    const out: Uint8Array[] = [];
    const bytes = bytesOf(body);
    for (let at = 0; at < bytes.length; at += 7)
      plan.stage.push(bytes.subarray(at, at + 7), (piece) => out.push(piece));
    plan.stage.end((piece) => out.push(piece), false);
    return new Response(Buffer.concat(out), { headers: { "content-type": "text/event-stream" } });
  };
}

function openai(body: string, contentType = "text/event-stream"): OpenAI {
  return new OpenAI({ apiKey: "unused", maxRetries: 0, fetch: through("chat", body, contentType) });
}
function anthropic(body: string, contentType = "text/event-stream"): Anthropic {
  return new Anthropic({ apiKey: "unused", maxRetries: 0, fetch: through("messages", body, contentType) });
}

const head = { responseId: "r1", modelVersion: "gemini-up", createTime: "2025-06-15T15:06:40Z" };
const thoughtOf = { text: "Let me look.", thought: true };
const calls = [
  { functionCall: { name: "find_river", args: { place: "Bonn" }, id: "c1" }, thoughtSignature: "c2ln" },
  { functionCall: { name: "find_lake" }, id: "c2" },
];
const usageMetadata = {
  promptTokenCount: 20,
  candidatesTokenCount: 3,
  thoughtsTokenCount: 7,
  totalTokenCount: 30,
  cachedContentTokenCount: 12,
};

function event(parts: unknown[], finishReason?: string, more: object = {}) {
  return {
    ...head,
    candidates: [{ content: { role: "model", parts }, finishReason, ...more }],
    usageMetadata,
  };
}
const sse = (...events: object[]) => events.map((item) => `data: ${JSON.stringify(item)}\r\n\r\n`).join("");

/** Two pieces of text, then two calls, and the word for the end an event later. */
const agentic = sse(
  event([thoughtOf]),
  event([{ text: "Look" }]),
  event([{ text: "ing." }, ...calls]),
  event([{ text: "" }], "STOP"),
);
const wholeAgentic = JSON.stringify(event([thoughtOf, { text: "Looking." }, ...calls], "STOP"));
const blocked = {
  promptFeedback: { blockReason: "SAFETY" },
  usageMetadata: { promptTokenCount: 5, totalTokenCount: 5 },
};
const done = sse(event([{ text: "The Rhine." }], "STOP"));

const question = { role: "user" as const, content: "Which river?" };
const tools: OpenAI.ChatCompletionTool[] = [{ type: "function", function: { name: "find_river" } }];
const chat = { model, messages: [question], tools };
const messages = { model, max_tokens: 100, messages: [question] };
const lastTurn = () => sent.at(-1)?.contents.slice(1);

describe("OpenAI's SDK over Gemini", () => {
  const wantedCalls = [
    { id: "c1", type: "function", function: { name: "find_river", arguments: '{"place":"Bonn"}' } },
    { type: "function", function: { name: "find_lake", arguments: "{}" } },
  ];

  test("accumulates text, calls and the usage, and gives the signature back in the next turn", async () => {
    const stream = openai(agentic).chat.completions.stream({
      ...chat,
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    const [choice] = completion.choices;
    expect(choice).toMatchObject({
      finish_reason: "tool_calls",
      message: { content: "Looking.", tool_calls: wantedCalls },
    });
    expect(completion).toMatchObject({ id: "r1", created: 1_750_000_000 });
    expect(completion.usage).toMatchObject({
      prompt_tokens: 20,
      completion_tokens: 10,
      total_tokens: 30,
      prompt_tokens_details: { cached_tokens: 12 },
      completion_tokens_details: { reasoning_tokens: 7 },
    });
    expect(metered.at(-1)).toMatchObject({ inputTokens: 20, outputTokens: 10, cacheReadTokens: 12 });
  });

  test("gives a whole answer back as Gemini wants it", async () => {
    const completion = await openai(wholeAgentic, "application/json").chat.completions.create(chat);
    const message = completion.choices[0]?.message;
    expect(message).toMatchObject({
      content: "Looking.",
      reasoning_content: "Let me look.",
      tool_calls: wantedCalls,
    });
    const [first, second] = message?.tool_calls ?? [];
    const results = [
      { role: "tool" as const, tool_call_id: first?.id ?? "", content: "Rhine" },
      { role: "tool" as const, tool_call_id: second?.id ?? "", content: '{"lakes":0}' },
    ];
    await openai(done).chat.completions.create({
      ...chat,
      stream: true,
      messages: [question, message!, ...results],
    });
    expect(lastTurn()).toEqual([
      {
        role: "model",
        parts: [
          { functionCall: { name: "find_river", args: { place: "Bonn" } }, thoughtSignature: "c2ln" },
          { functionCall: { name: "find_lake" } },
          { text: "Looking." },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { name: "find_river", response: { output: "Rhine" } } },
          { functionResponse: { name: "find_lake", response: { lakes: 0 } } },
        ],
      },
    ]);
  });

  test("is told of a blocked prompt by a refusal", async () => {
    const stream = await openai(sse(blocked)).chat.completions.create({ ...chat, stream: true });
    const choices = (await Array.fromAsync(stream)).flatMap((item) => item.choices);
    expect(choices.map((choice) => choice.delta.refusal ?? "").join("")).toBe("SAFETY");
    expect(choices.at(-1)?.finish_reason).toBe("content_filter");
  });

  test("is told where a text comes from", async () => {
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: "https://rhine.example", title: "Rhine" } }],
      groundingSupports: [
        { segment: { startIndex: 4, endIndex: 9, text: "Rhine" }, groundingChunkIndices: [0] },
      ],
    };
    const body = JSON.stringify(event([{ text: "The Rhine." }], "STOP", { groundingMetadata }));
    const completion = await openai(body, "application/json").chat.completions.create(chat);
    expect(completion.choices[0]?.message.annotations).toEqual([
      {
        type: "url_citation",
        url_citation: { url: "https://rhine.example", title: "Rhine", start_index: 4, end_index: 9 },
      },
    ]);
    expect(completion.choices[0]?.message).toMatchObject({ grounding_metadata: groundingMetadata });
  });

  test("gets several choices", async () => {
    const both = {
      ...head,
      candidates: [
        { content: { parts: [{ text: "a" }] }, finishReason: "STOP" },
        { content: { parts: [{ text: "b" }] }, finishReason: "MAX_TOKENS", index: 1 },
      ],
    };
    const completion = await openai(sse(both))
      .chat.completions.stream({ ...chat, n: 2 })
      .finalChatCompletion();
    expect(completion.choices.map((choice) => [choice.message.content, choice.finish_reason])).toEqual([
      ["a", "stop"],
      ["b", "length"],
    ]);
  });

  test.each([
    [
      "an error in the stream",
      sse(event([{ text: "Hi" }]), { error: { code: 503, message: "Busy.", status: "UNAVAILABLE" } }),
      "Busy.",
    ],
    ["a stream without content", sse({ ...head }), "closed the stream"],
  ])("throws on %s", async (_, body, says) => {
    const stream = await openai(body).chat.completions.create({ ...chat, stream: true });
    await expect(Array.fromAsync(stream)).rejects.toThrow(says);
  });
});

test.each(["chat", "messages"] as const)(
  "an error has the last word in %s, whatever lies behind it",
  async (endpoint) => {
    const error = { error: { code: 503, message: "Busy.", status: "UNAVAILABLE" } };
    const body = `${sse(event([{ text: "Hi" }]), error)}: ping\n\ndata: {"cand\n\n`;
    const passage = translatedPassages.GCPVertexAI?.[endpoint];
    const request = clientRequest(endpoint, { ...messages, stream: true });
    const head = { status: 200, headers: new Headers(), isEncoded: false };
    const plan = passage?.answer(request, target, meter).success(head);
    if (plan?.type !== "rewrite") throw new Error("not translated");
    const text = Buffer.concat(runStage(plan.stage, [bytesOf(body)])).toString();
    const lines = text.split("\n").filter((line) => line.startsWith("data: "));
    expect(lines.map((line) => line.includes('"error"'))).toEqual([...lines.slice(1).map(() => false), true]);
    expect(lines.at(-1)).toContain("Busy.");
  },
);

describe("Anthropic's SDK over Gemini", () => {
  const wanted = [
    { type: "thinking", thinking: "Let me look." },
    { type: "text", text: "Looking." },
    { type: "thinking", thinking: "", signature: expect.stringContaining("c2ln") },
    { type: "tool_use", id: "c1", name: "find_river", input: { place: "Bonn" } },
    { type: "tool_use", name: "find_lake", input: {} },
  ];

  test.each([
    ["streamed", agentic, "text/event-stream"],
    ["whole", wholeAgentic, "application/json"],
  ])("accumulates a %s answer, and gives the signature back to the call", async (kind, body, contentType) => {
    const sdk = anthropic(body, contentType);
    const thinking = { type: "enabled" as const, budget_tokens: 1024 };
    const message =
      kind === "whole"
        ? await sdk.messages.create({ ...messages, thinking })
        : await sdk.messages.stream({ ...messages, thinking }).finalMessage();
    expect(sent.at(-1)).toMatchObject({
      generationConfig: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } },
    });
    // A copy: matchers may write into what they look at.
    expect(structuredClone(message.content)).toMatchObject(wanted);
    expect(message).toMatchObject({ id: "r1", model: "gemini-up", stop_reason: "tool_use" });
    expect(message.usage).toMatchObject({ input_tokens: 8, cache_read_input_tokens: 12, output_tokens: 10 });
    const results = message.content.flatMap((block) => {
      const { id = "" } = block as { id?: string };
      return block.type === "tool_use"
        ? [{ type: "tool_result" as const, tool_use_id: id, content: "none", is_error: true }]
        : [];
    });
    const history = [
      question,
      { role: "assistant" as const, content: message.content },
      { role: "user" as const, content: results },
    ];
    await anthropic(done)
      .messages.stream({ ...messages, messages: history })
      .finalMessage();
    expect(lastTurn()).toEqual([
      {
        role: "model",
        parts: [
          { text: "Let me look.", thought: true },
          { text: "Looking." },
          { functionCall: { name: "find_river", args: { place: "Bonn" } }, thoughtSignature: "c2ln" },
          { functionCall: { name: "find_lake" } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { name: "find_river", response: { error: "none" } } },
          { functionResponse: { name: "find_lake", response: { error: "none" } } },
        ],
      },
    ]);
  });

  test("is told of the input at the start, where older clients look for it", async () => {
    const stream = await anthropic(agentic).messages.create({ ...messages, stream: true });
    const [first] = await Array.fromAsync(stream);
    expect(first).toMatchObject({
      type: "message_start",
      message: { usage: { input_tokens: 8, cache_read_input_tokens: 12 } },
    });
  });

  test("is told of a blocked prompt by a refusal", async () => {
    const message = await anthropic(sse(blocked)).messages.stream(messages).finalMessage();
    expect(message).toMatchObject({ stop_reason: "refusal", content: [{ type: "text", text: "SAFETY" }] });
  });

  test("throws on an error in the stream", async () => {
    const body = sse(event([{ text: "Hi" }]), {
      error: { code: 429, message: "Slow.", status: "RESOURCE_EXHAUSTED" },
    });
    await expect(anthropic(body).messages.stream(messages).finalMessage()).rejects.toThrow(
      "rate_limit_error",
    );
  });
});
