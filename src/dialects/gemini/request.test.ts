import { describe, expect, test } from "bun:test";
import type { IrAnswerPart, IrMedia, IrUserPart } from "../ir/parts.ts";
import type { IrMessage, IrRequest, IrTool } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { parseExactObject } from "../wire/exact-json.ts";
import { writeRequest } from "./request.ts";
import { bodyOf, request, target } from "./testing.ts";

const skip = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";
const text = (value: string) => ({ type: "text", text: value }) as const;
const user = (...parts: IrUserPart[]): IrMessage => ({ role: "user", parts });
const system = (...words: string[]): IrMessage => ({
  role: "system",
  voice: "system",
  parts: words.map(text),
});
const answer = (...parts: IrAnswerPart[]): IrMessage => ({ role: "assistant", parts, isOrderKnown: true });
const fromChat = (...parts: IrAnswerPart[]): IrMessage => ({ role: "assistant", parts, isOrderKnown: false });
const call = (id: string, input: string, signature?: string): IrAnswerPart => ({
  type: "tool-call",
  kind: "function",
  id,
  name: "add",
  input,
  ...(signature === undefined ? {} : { signature: { value: signature, form: "text", family: "google" } }),
});
const thought = (value: string | undefined, signature?: string, isBeside = false): IrAnswerPart => ({
  type: "reasoning",
  text: value,
  isBeside,
  ...(signature === undefined ? {} : { signature: { value: signature, form: "text" } }),
});
const result = (callId: string, ...parts: (ReturnType<typeof text> | IrMedia)[]): IrUserPart => ({
  type: "tool-result",
  callId,
  parts,
});
const image = (members: Partial<IrMedia>): IrMedia => ({
  type: "media",
  kind: "image",
  source: { type: "base64", data: "AAAA" },
  ...members,
});
const fn = (name: string, members: Partial<Extract<IrTool, { type: "function" }>> = {}): IrTool => ({
  type: "function",
  name,
  ...members,
});

const conversations: { name: string; messages: IrMessage[]; want: unknown; system?: unknown }[] = [
  {
    name: "a run of user messages is one turn, and empty messages are none",
    messages: [user(text("a")), user(text("")), answer(text("")), user(text("b")), answer(text("c"))],
    want: [
      { role: "user", parts: [{ text: "a" }, { text: "b" }] },
      { role: "model", parts: [{ text: "c" }] },
    ],
  },
  {
    name: "system messages from anywhere stand apart",
    messages: [system("one", ""), user(text("a")), system("two")],
    want: [{ role: "user", parts: [{ text: "a" }] }],
    system: { parts: [{ text: "one" }, { text: "two" }] },
  },
  {
    name: "no message at all is null",
    messages: [],
    want: null,
  },
  {
    name: "calls come first where the client could not say the order",
    messages: [fromChat(text("Look."), call("c1", '{"a":1}'), call("c2", "")), user(result("c1", text("3")))],
    want: [
      {
        role: "model",
        parts: [
          { functionCall: { name: "add", args: { a: 1 } }, thoughtSignature: skip },
          { functionCall: { name: "add" } },
          { text: "Look." },
        ],
      },
      { role: "user", parts: [{ functionResponse: { name: "add", response: { output: "3" } } }] },
    ],
  },
  {
    name: "a known order stays",
    messages: [answer(text("Look."), call("c1", "{}", "c2ln"))],
    want: [
      {
        role: "model",
        parts: [{ text: "Look." }, { functionCall: { name: "add" }, thoughtSignature: "c2ln" }],
      },
    ],
  },
  {
    name: "the signature of a thought beside the content is the first call's, its text stays here",
    messages: [fromChat(thought("Hm.", "c2ln", true), text("Look."), call("c1", "{}"))],
    want: [
      {
        role: "model",
        parts: [{ functionCall: { name: "add" }, thoughtSignature: "c2ln" }, { text: "Look." }],
      },
    ],
  },
  {
    name: "without calls it is the last text's",
    messages: [fromChat(thought("Hm.", "c2ln", true), text("Four."), text("Really."))],
    want: [{ role: "model", parts: [{ text: "Four." }, { text: "Really.", thoughtSignature: "c2ln" }] }],
  },
  {
    name: "a thought in the content keeps its signature where there is no call",
    messages: [fromChat(thought("Hm.", "c2ln"), text("Four."))],
    want: [
      { role: "model", parts: [{ text: "Hm.", thought: true, thoughtSignature: "c2ln" }, { text: "Four." }] },
    ],
  },
  {
    name: "an empty thought before a call lends it its signature, another keeps its own",
    messages: [answer(thought("Hm.", "YQ=="), thought(undefined, "Yg=="), call("c1", "{}"))],
    want: [
      {
        role: "model",
        parts: [
          { text: "Hm.", thought: true, thoughtSignature: "YQ==" },
          { functionCall: { name: "add" }, thoughtSignature: "Yg==" },
        ],
      },
    ],
  },
  {
    name: "another provider's signature is replaced by the word for a lost one",
    messages: [
      answer(
        { type: "reasoning", text: "Hm.", signature: { value: "x y", form: "text", family: "anthropic" } },
        { type: "redacted", data: { value: "x", form: "text", family: "anthropic" } },
        call("c1", "{}"),
      ),
    ],
    want: [
      {
        role: "model",
        parts: [
          { text: "Hm.", thought: true },
          { functionCall: { name: "add" }, thoughtSignature: skip },
        ],
      },
    ],
  },
  {
    name: "a result that is an object is the response, images follow it, a failure is called error",
    messages: [
      answer(call("c1", "{}"), call("c2", "{}")),
      user(result("c1", text('{"km":'), text("1230}"), image({ mediaType: "image/png" })), {
        type: "tool-result",
        callId: "c2",
        isError: true,
        parts: [text("no rivers")],
      }),
    ],
    want: [
      {
        role: "model",
        parts: [{ functionCall: { name: "add" }, thoughtSignature: skip }, { functionCall: { name: "add" } }],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { name: "add", response: { km: 1230 } } },
          { inlineData: { mimeType: "image/png", data: "AAAA" } },
          { functionResponse: { name: "add", response: { error: "no rivers" } } },
        ],
      },
    ],
  },
  {
    name: "what the model made goes back, with its signature and as it was",
    messages: [
      answer(
        image({ mediaType: "image/png", extras: { google: { thoughtSignature: "c2ln" } } }),
        {
          type: "opaque",
          family: "google",
          name: "executableCode",
          block: { executableCode: { code: "1" } },
        },
        { type: "opaque", family: "anthropic", name: "server_tool_use", block: {} },
        { type: "text", text: "No.", isRefusal: true },
      ),
    ],
    want: [
      {
        role: "model",
        parts: [
          { inlineData: { mimeType: "image/png", data: "AAAA" }, thoughtSignature: "c2ln" },
          { executableCode: { code: "1" } },
        ],
      },
    ],
  },
];

const media: { name: string; part: IrMedia; want: unknown[]; model?: string }[] = [
  {
    name: "bytes",
    part: image({ mediaType: "application/pdf", detail: "low" }),
    want: [{ inlineData: { mimeType: "application/pdf", data: "AAAA" } }],
  },
  {
    name: "audio without a type",
    part: image({ kind: "audio", mediaType: undefined }),
    want: [{ inlineData: { mimeType: "audio/mpeg", data: "AAAA" } }],
  },
  {
    name: "a signed URL by the ending of its path",
    part: image({ source: { type: "url", url: "https://x.example/a.WEBP?sig=a.png" } }),
    want: [{ fileData: { fileUri: "https://x.example/a.WEBP?sig=a.png", mimeType: "image/webp" } }],
  },
  {
    name: "a URL without an ending by its kind",
    part: image({ kind: "video", source: { type: "url", url: "gs://bucket/clip" } }),
    want: [{ fileData: { fileUri: "gs://bucket/clip", mimeType: "video/mp4" } }],
  },
  {
    name: "a file by its address",
    part: image({ kind: "document", source: { type: "file-id", id: "gs://b/a.pdf", family: "openai" } }),
    want: [{ fileData: { fileUri: "gs://b/a.pdf", mimeType: "application/pdf" } }],
  },
  { name: "an empty URL as nothing", part: image({ source: { type: "url", url: "" } }), want: [] },
  {
    name: "a text document with its title",
    part: image({ kind: "document", name: "Rivers", source: { type: "text", text: "The Rhine." } }),
    want: [{ text: "Rivers" }, { text: "The Rhine." }],
  },
  {
    name: "the parts of a document",
    part: image({
      kind: "search-result",
      source: { type: "parts", parts: [text("One."), image({ mediaType: "image/png" })] },
    }),
    want: [{ text: "One." }, { inlineData: { mimeType: "image/png", data: "AAAA" } }],
  },
  {
    name: "how closely to look, from version 3",
    model: "gemini-3-flash-preview",
    part: image({ mediaType: "image/png", detail: "high" }),
    want: [
      {
        inlineData: { mimeType: "image/png", data: "AAAA" },
        mediaResolution: { level: "MEDIA_RESOLUTION_HIGH" },
      },
    ],
  },
];

const parameters = { type: "object", properties: {} };
const tools: {
  name: string;
  members: Partial<IrRequest>;
  want: unknown;
  config?: unknown;
  model?: string;
}[] = [
  {
    name: "functions in one entry behind the tools of Google's",
    members: {
      tools: [
        fn("a", { description: "A.", parameters }),
        {
          type: "server",
          kind: "web-search",
          family: "google",
          name: "web_search",
          options: {
            exclude_domains: ["x.org"],
            time_range_filter: { start_time: "2025-01-01T00:00:00Z", end_time: "2026-01-01T00:00:00Z" },
          },
        },
        { type: "server", kind: "other", name: "url_context", options: { type: "url_context" } },
        fn("b"),
      ],
    },
    want: [
      {
        googleSearch: {
          excludeDomains: ["x.org"],
          timeRangeFilter: { startTime: "2025-01-01T00:00:00Z", endTime: "2026-01-01T00:00:00Z" },
        },
      },
      { urlContext: {} },
      {
        functionDeclarations: [
          { name: "a", description: "A.", parametersJsonSchema: parameters },
          { name: "b" },
        ],
      },
    ],
  },
  {
    name: "Anthropic's search as Google's, its other tools not at all",
    members: {
      tools: [
        {
          type: "server",
          kind: "web-search",
          family: "anthropic",
          name: "web_search",
          options: { type: "web_search_20250305", blocked_domains: ["x.org"] },
        },
        { type: "server", kind: "other", family: "anthropic", name: "bash", options: {} },
      ],
    },
    want: [{ googleSearch: { excludeDomains: ["x.org"] } }],
  },
  { name: "a choice without functions as none", members: { toolChoice: { mode: "auto" } }, want: null },
  {
    name: "converted parameters before 2.5, none for an empty schema",
    model: "gemini-1.5-pro",
    members: { tools: [fn("a", { parameters: { type: "object", $defs: {} } }), fn("b", { parameters: {} })] },
    want: [{ functionDeclarations: [{ name: "a", parameters: { type: "object" } }, { name: "b" }] }],
  },
  {
    name: "a strict function under auto as validated",
    members: { tools: [fn("a", { strict: true })], toolChoice: { mode: "auto" } },
    want: [{ functionDeclarations: [{ name: "a" }] }],
    config: { functionCallingConfig: { mode: "VALIDATED" } },
  },
  {
    name: "some functions under auto as all that there are",
    members: { tools: [fn("a"), fn("b")], toolChoice: { mode: "auto", names: ["b"] } },
    want: [{ functionDeclarations: [{ name: "b" }] }],
    config: { functionCallingConfig: { mode: "AUTO" } },
  },
  {
    name: "required functions by name, illegal names changed alike",
    members: { tools: [fn("2 fast"), fn("b")], toolChoice: { mode: "required", names: ["2 fast"] } },
    want: [{ functionDeclarations: [{ name: "__fast" }, { name: "b" }] }],
    config: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["__fast"] } },
  },
];

const schema = { type: "object", properties: { n: { type: ["integer", "null"] } } };
const configs: { name: string; members: Partial<IrRequest>; want: JsonObject; model?: string }[] = [
  {
    name: "sampling",
    members: {
      sampling: {
        temperature: 0.2,
        topP: 0.9,
        topK: 4,
        seed: -7,
        presencePenalty: 1,
        frequencyPenalty: -1,
        stop: ["END"],
        n: 2,
        logprobs: true,
        topLogprobs: 3,
      },
      maxOutputTokens: 20,
    },
    want: {
      temperature: 0.2,
      topP: 0.9,
      topK: 4,
      maxOutputTokens: 20,
      stopSequences: ["END"],
      candidateCount: 2,
      seed: -7,
      presencePenalty: 1,
      frequencyPenalty: -1,
      responseLogprobs: true,
      logprobs: 3,
    },
  },
  { name: "no limit of 0", members: { maxOutputTokens: 0, sampling: { logprobs: false } }, want: {} },
  { name: "text", members: { format: { type: "text" } }, want: { responseMimeType: "text/plain" } },
  {
    name: "a schema as it is from 2.5",
    members: { format: { type: "json-schema", schema } },
    want: { responseMimeType: "application/json", responseJsonSchema: schema },
  },
  {
    name: "a schema converted before",
    model: "gemini-2.0-flash",
    members: { format: { type: "json-schema", schema } },
    want: {
      responseMimeType: "application/json",
      responseSchema: { type: "object", properties: { n: { type: "integer", nullable: true } } },
    },
  },
  { name: "an empty pattern as none", members: { guided: { regex: "" } }, want: {} },
  { name: "text alone as nothing", members: { modalities: ["text"] }, want: {} },
  {
    name: "images",
    members: { modalities: ["text", "image"] },
    want: { responseModalities: ["TEXT", "IMAGE"] },
  },
  {
    name: "speech",
    model: "gemini-2.5-flash-preview-tts",
    members: { modalities: ["text", "audio"], audio: { voice: "Kore", format: "pcm16" } },
    want: {
      responseModalities: ["AUDIO"],
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
    },
  },
  {
    name: "the extension, in Gemini's own words",
    model: "gemini-3-flash-preview",
    members: {
      sampling: { topK: 4 },
      extras: {
        google: {
          generationConfig: {
            media_resolution: "MEDIA_RESOLUTION_LOW",
            topK: 9,
            imageConfig: { aspectRatio: "1:1" },
          },
        },
      },
    },
    want: { topK: 9, imageConfig: { aspectRatio: "1:1" }, mediaResolution: "MEDIA_RESOLUTION_LOW" },
  },
  {
    name: "no media resolution before version 3",
    members: { extras: { google: { generationConfig: { media_resolution: "MEDIA_RESOLUTION_LOW" } } } },
    want: {},
  },
];

const pro = "gemini-2.5-pro";
const flash3 = "gemini-3-flash-preview";
const pro3 = "gemini-3-pro-preview";
const thinking: [string, string, IrRequest["reasoning"], JsonObject | undefined][] = [
  ["effort none turns 2.5 Flash off", "gemini-2.5-flash", { effort: "none" }, { thinkingBudget: 0 }],
  ["effort none leaves 2.5 Pro alone", pro, { effort: "none" }, undefined],
  ["effort medium is a budget on 2.5", pro, { effort: "medium" }, { thinkingBudget: 8192 }],
  ["effort max is the largest budget on 2.5", pro, { effort: "max" }, { thinkingBudget: 24576 }],
  ["effort none is minimal on 3 Flash", flash3, { effort: "none" }, { thinkingLevel: "MINIMAL" }],
  ["effort none is low on 3 Pro", pro3, { effort: "none" }, { thinkingLevel: "LOW" }],
  ["effort medium is high on 3 Pro", pro3, { effort: "medium" }, { thinkingLevel: "HIGH" }],
  [
    "effort medium is medium on 3.1 Pro",
    "gemini-3.1-pro-preview",
    { effort: "medium" },
    { thinkingLevel: "MEDIUM" },
  ],
  ["effort xhigh is high on 3 Pro", pro3, { effort: "xhigh" }, { thinkingLevel: "HIGH" }],
  ["a budget goes as it is", pro, { mode: "on", budgetTokens: 2000 }, { thinkingBudget: 2000 }],
  [
    "a budget is lowered to what Flash takes",
    "gemini-2.5-flash",
    { mode: "on", budgetTokens: 31999 },
    { thinkingBudget: 24576 },
  ],
  [
    "a budget replaces the effort",
    pro3,
    { mode: "on", budgetTokens: 2000, effort: "low" },
    { thinkingBudget: 2000 },
  ],
  [
    "what is to be shown is said",
    pro,
    { mode: "on", budgetTokens: 2000, show: "summarized" },
    { includeThoughts: true, thinkingBudget: 2000 },
  ],
  ["off is no budget", "gemini-2.5-flash", { mode: "off", show: "summarized" }, { thinkingBudget: 0 }],
  [
    "adaptive is shown, and dynamic on 2.5",
    pro,
    { mode: "adaptive" },
    { includeThoughts: true, thinkingBudget: -1 },
  ],
  ["adaptive is shown on 3", pro3, { mode: "adaptive" }, { includeThoughts: true }],
  [
    "adaptive goes with an effort",
    pro3,
    { mode: "adaptive", effort: "low", show: "omitted" },
    { thinkingLevel: "LOW" },
  ],
  [
    "a model that does not think is not told to",
    "gemini-2.0-flash",
    { mode: "on", budgetTokens: 2000 },
    undefined,
  ],
  ["an effort is nothing to an unknown model", "tuned", { effort: "high" }, undefined],
];

const refused: { name: string; members: Partial<IrRequest>; message: string; model?: string }[] = [
  {
    name: "a result without its call",
    members: { messages: [user(result("c9"))] },
    message: 'invalid tool message: invalid request body: no call with the id "c9"',
  },
  {
    name: "broken arguments",
    members: { messages: [answer(call("c1", '{"a":'))] },
    message: "invalid assistant message: invalid request body: the arguments",
  },
  {
    name: "a call without an id",
    members: { messages: [answer(call("", "{}"))] },
    message: "invalid assistant message: invalid request body: a call",
  },
  {
    name: "a free-form tool",
    members: { tools: [{ type: "custom", name: "x", options: {} }] },
    message: "invalid tools: invalid request body: ",
  },
  {
    name: "a tool that Google does not have",
    members: { tools: [{ type: "server", kind: "other", name: "image_generation", options: {} }] },
    message: "invalid tools: invalid request body: Gemini has no tool",
  },
  {
    name: "a broken schema of a function",
    model: "gemini-1.5-pro",
    members: { tools: [fn("a", { parameters: { allOf: [] } })] },
    message: 'invalid tools: invalid request body: the parameters of "a": #/allOf',
  },
  {
    name: "an unknown effort",
    members: { reasoning: { effort: "heroic" } },
    message: "invalid generation configs: invalid reasoning effort: invalid request body: ",
  },
  {
    name: "a seed of more than 32 bits",
    members: { sampling: { seed: 2 ** 31 } },
    message: "invalid generation configs: invalid request body: the seed",
  },
  {
    name: "two ways to shape the output",
    members: { format: { type: "json" }, guided: { regex: "x" } },
    message: "invalid generation configs: invalid request body: only one",
  },
  {
    name: "audio of a model that does not speak",
    members: { modalities: ["audio"] },
    message: "invalid generation configs: invalid request body: ",
  },
  {
    name: "a file nobody can read",
    members: { messages: [user(image({ source: { type: "file-id", id: "file-1", family: "openai" } }))] },
    message: "invalid user message: invalid request body: ",
  },
  {
    name: "an address that is none",
    members: { messages: [user(image({ source: { type: "url", url: "river.png" } }))] },
    message: "invalid user message: invalid request body: ",
  },
  {
    name: "an unknown detail from version 3",
    model: flash3,
    members: { messages: [user(image({ detail: "tiny" }))] },
    message: "invalid user message: invalid request body: ",
  },
  {
    name: "a signature that is not base64",
    members: { messages: [answer(thought("Hm.", "x y"))] },
    message: "invalid assistant message: invalid request body: ",
  },
  {
    name: "an answer to go on from",
    members: { previousResponseId: "resp_1" },
    message: "invalid request body: previous_response_id",
  },
];

describe("writeRequest", () => {
  test.each(conversations)("$name", ({ messages, want, system }) => {
    const body = bodyOf({ messages });
    expect(body["contents"]).toEqual(want as JsonObject);
    expect(body["systemInstruction"]).toEqual(system as JsonObject);
  });

  test.each(media)("writes $name", ({ part, want, model }) => {
    const contents = want.length === 0 ? null : [{ role: "user", parts: want }];
    expect(bodyOf({ messages: [user(part)] }, model)["contents"]).toEqual(contents as JsonObject[]);
  });

  test.each(tools)("writes $name", ({ members, want, config, model }) => {
    const body = bodyOf(members, model);
    expect(body["tools"]).toEqual(want as JsonObject);
    expect(body["toolConfig"]).toEqual(config as JsonObject);
  });

  test.each(configs)("writes $name", ({ members, want, model }) => {
    expect(bodyOf(members, model)["generationConfig"]).toEqual(want);
  });

  test.each(thinking)("%s", (_, model, reasoning, want) => {
    const config = bodyOf({ reasoning }, model)["generationConfig"] as JsonObject;
    expect(config["thinkingConfig"]).toEqual(want as JsonObject);
  });

  test.each(refused)("refuses $name", ({ members, message, model }) => {
    const write = () => writeRequest(request(members), target(model));
    expect(write).toThrow(message);
    expect(write).toThrow(expect.objectContaining({ code: "untranslatable" }));
  });

  test("arguments, results and schemas keep every digit", () => {
    const digits = '{"id":12345678901234567890,"n":1.50}';
    const { body } = writeRequest(
      request({
        messages: [answer(call("c1", digits)), user(result("c1", text(digits)))],
        tools: [fn("add", { parameters: parseExactObject('{"minimum":-12345678901234567890}') })],
      }),
      target(),
    );
    expect(body).toContain(`"args":${digits}`);
    expect(body).toContain(`"response":${digits}`);
    expect(body).toContain('"minimum":-12345678901234567890');
  });

  test("streams are asked for in events", () => {
    const written = writeRequest(request({ isStream: true }), target("gemini-2.5-pro"));
    expect(written.path).toBe("publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse");
    expect(writeRequest(request(), target()).path).toBe(
      "publishers/google/models/gemini-2.5-flash:generateContent",
    );
  });

  test("safety settings and a cache go along, Anthropic's headers do not", () => {
    const safetySettings = [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" }];
    const google = { safetySettings, cached_content: "projects/p/cachedContents/1" };
    const headers = { "anthropic-version": "2023-06-01", "anthropic-beta": "x", accept: "*/*" };
    const written = writeRequest(request({ extras: { google } }), target(undefined, headers));
    expect(JSON.parse(written.body)).toMatchObject({
      safetySettings,
      cachedContent: "projects/p/cachedContents/1",
    });
    expect(written.remove.toSorted()).toEqual(["anthropic-beta", "anthropic-version"]);
  });

  test("what is left out is told, loudly if the answer changes", () => {
    const { warnings } = writeRequest(
      request({
        messages: [user(text("a")), system("Late.")],
        sampling: { logitBias: { "50": 1 } },
        parallelToolCalls: false,
        user: "u",
        extras: { vllm: { min_p: 0.1 } },
      }),
      target(),
    );
    const paths = (level: string) => warnings.filter((item) => item.level === level).map((item) => item.path);
    expect(paths("loud").toSorted()).toEqual(["messages[1]", "min_p"]);
    expect(paths("quiet").toSorted()).toEqual(["logit_bias", "parallel_tool_calls", "user"]);
  });
});
