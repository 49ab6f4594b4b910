import { describe, expect, test } from "bun:test";
import type { IrMessage } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { answer, bodyOf, call, fromChat, image, result, system, text, thought, user } from "./testing.ts";

const skip = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

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

describe("writeConversation", () => {
  test.each(conversations)("$name", ({ messages, want, system }) => {
    const body = bodyOf({ messages });
    expect(body["contents"]).toEqual(want as JsonObject);
    expect(body["systemInstruction"]).toEqual(system as JsonObject);
  });
});
