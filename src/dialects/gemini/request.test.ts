import { describe, expect, test } from "bun:test";
import type { IrRequest } from "../ir/request.ts";
import { parseExactObject } from "../wire/exact-json.ts";
import { writeRequest } from "./request.ts";
import { answer, call, fn, image, request, result, system, target, text, thought, user } from "./testing.ts";

const flash3 = "gemini-3-flash-preview";

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
