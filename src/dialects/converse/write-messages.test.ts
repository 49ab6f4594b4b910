import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../../model/failure.ts";
import type { IrAnswerPart, IrMedia, IrUserPart } from "../ir/parts.ts";
import type { IrMessage } from "../ir/request.ts";
import type { IrSeal } from "../ir/values.ts";
import { deepFreeze } from "../testing.ts";
import { requestOf, says } from "./testing.ts";
import { writeConversation } from "./write-messages.ts";
import { startWriting } from "./write-request.ts";

const claude = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const nova = "amazon.nova-pro-v1:0";

const user = (...parts: IrUserPart[]): IrMessage => ({ role: "user", parts });
const assistant = (...parts: IrAnswerPart[]): IrMessage => ({ role: "assistant", parts, isOrderKnown: true });
const system = (...texts: string[]): IrMessage => ({
  role: "system",
  voice: "system",
  parts: texts.map((text) => ({ type: "text", text })),
});
const text = (value: string) => ({ type: "text", text: value }) as const;
const call = (id: string, name = "f", input = "{}") =>
  ({ type: "tool-call", id, name, kind: "function", input }) as const;
const result = (callId: string, ...parts: (ReturnType<typeof text> | IrMedia)[]) =>
  ({ type: "tool-result", callId, parts }) as const;
const media = (
  kind: IrMedia["kind"],
  mediaType: string | undefined,
  members: Partial<IrMedia> = {},
): IrMedia => ({
  type: "media",
  kind,
  source: { type: "base64", data: "AAAA" },
  mediaType,
  ...members,
});
const url = (value: string) => ({ source: { type: "url", url: value } }) as const;

function write(messages: IrMessage[], model = "m") {
  const request = deepFreeze(requestOf({ messages }));
  const writing = startWriting(request, model);
  const { system, messages: written } = writeConversation(request, writing);
  return { system, messages: written, warnings: writing.warnings.list };
}

/** Blocks of the last message. */
function blocks(message: IrMessage, model?: string): unknown[] {
  return write([message], model).messages.at(-1)?.content ?? [];
}

const turns: { name: string; messages: IrMessage[]; want: unknown[]; system?: unknown[] }[] = [
  {
    name: "system messages from anywhere in front, a block each part",
    messages: [system("One.", ""), says("Hi."), system("Two.")],
    system: [{ text: "One." }, { text: "Two." }],
    want: [{ role: "user", content: [{ text: "Hi." }] }],
  },
  {
    name: "messages in a row as they are",
    messages: [says("One."), says("Two."), assistant(text("A")), assistant(text("B"))],
    want: [
      { role: "user", content: [{ text: "One." }] },
      { role: "user", content: [{ text: "Two." }] },
      { role: "assistant", content: [{ text: "A" }] },
      { role: "assistant", content: [{ text: "B" }] },
    ],
  },
  {
    name: "tool results in a row, and what the user says then, in one message",
    messages: [
      says("Hi."),
      assistant(call("a"), call("b")),
      user(result("a", text("x"))),
      system("Be brief."),
      user(result("b", text("y"))),
      says("And?"),
      says("Well?"),
    ],
    system: [{ text: "Be brief." }],
    want: [
      { role: "user", content: [{ text: "Hi." }] },
      {
        role: "assistant",
        content: [
          { toolUse: { toolUseId: "a", name: "f", input: {} } },
          { toolUse: { toolUseId: "b", name: "f", input: {} } },
        ],
      },
      {
        role: "user",
        content: [
          { toolResult: { toolUseId: "a", content: [{ text: "x" }], status: undefined } },
          { toolResult: { toolUseId: "b", content: [{ text: "y" }], status: undefined } },
          { text: "And?" },
        ],
      },
      { role: "user", content: [{ text: "Well?" }] },
    ],
  },
  {
    name: "empty texts and messages as nothing",
    messages: [user(text(""), text("Hi.")), assistant(text("")), assistant(), user(text("")), says("Go.")],
    want: [
      { role: "user", content: [{ text: "Hi." }] },
      { role: "user", content: [{ text: "Go." }] },
    ],
  },
  {
    name: "only empty words as an empty text, so that Bedrock's refusal is about it",
    messages: [user(text(""))],
    want: [{ role: "user", content: [{ text: "" }] }],
  },
  { name: "a system message alone", messages: [system("S")], system: [{ text: "S" }], want: [] },
];

const userBlocks: { name: string; parts: IrUserPart[]; want: unknown[] }[] = [
  {
    name: "breakpoints after their part",
    parts: [
      { ...text("A"), cache: {} },
      { ...media("image", "image/png"), cache: { ttl: "5m" } },
    ],
    want: [
      { text: "A" },
      { cachePoint: { type: "default" } },
      { image: { format: "png", source: { bytes: "AAAA" } } },
      { cachePoint: { type: "default", ttl: "5m" } },
    ],
  },
  {
    name: "images of S3 by the ending of their name",
    parts: [media("image", undefined, url("s3://b/river.JPG"))],
    want: [{ image: { format: "jpeg", source: { s3Location: { uri: "s3://b/river.JPG" } } } }],
  },
  {
    name: "audio and video",
    parts: [
      media("audio", "audio/wav"),
      media("audio", "audio/mpeg"),
      media("video", "video/quicktime"),
      text("?"),
    ],
    want: [
      { audio: { format: "wav", source: { bytes: "AAAA" } } },
      { audio: { format: "mp3", source: { bytes: "AAAA" } } },
      { video: { format: "mov", source: { bytes: "AAAA" } } },
      { text: "?" },
    ],
  },
  {
    name: "documents under names that are legal and differ",
    parts: [
      media("document", "application/pdf", { name: "Jahres_bericht: 2026 (v1).pdf", context: "C" }),
      media("document", "application/octet-stream", { name: "table.xlsx" }),
      media("document", "text/markdown"),
      media("document", "text/plain", { name: "table.txt" }),
      text("Compare."),
    ],
    want: [
      {
        document: {
          format: "pdf",
          name: "Jahres bericht 2026 (v1)",
          source: { bytes: "AAAA" },
          context: "C",
        },
      },
      { document: { format: "xlsx", name: "table", source: { bytes: "AAAA" } } },
      { document: { format: "md", name: "document-3", source: { bytes: "AAAA" } } },
      { document: { format: "txt", name: "table (2)", source: { bytes: "AAAA" } } },
      { text: "Compare." },
    ],
  },
  {
    name: "a document of text with words beside it, since Bedrock wants some",
    parts: [media("document", undefined, { source: { type: "text", text: "Köln" }, name: "A" })],
    want: [
      { document: { format: "txt", name: "A", source: { bytes: "S8O2bG4=" } } },
      { text: "See the attached document." },
    ],
  },
  {
    name: "base64 with line ends without them",
    parts: [media("image", "image/gif", { source: { type: "base64", data: "AA\nAA\n" } })],
    want: [{ image: { format: "gif", source: { bytes: "AAAA" } } }],
  },
];

const anthropicSeal: IrSeal = { value: "c2ln", form: "text", family: "anthropic" };
const awsSeal: IrSeal = { value: "c2ln", form: "text", family: "aws" };
const googleSeal: IrSeal = { value: "c2ln", form: "base64", family: "google" };
const nobodysSeal: IrSeal = { value: "c2ln", form: "text" };
const reasoning = (signature?: IrSeal): IrAnswerPart => ({ type: "reasoning", text: "Hm.", signature });
const signed = { reasoningContent: { reasoningText: { text: "Hm.", signature: "c2ln" } } };
const bare = { reasoningContent: { reasoningText: { text: "Hm." } } };
const redacted = (data: IrSeal): IrAnswerPart => ({ type: "redacted", data });
const hidden = (bytes: string) => ({ reasoningContent: { redactedContent: bytes } });

const answers: { name: string; part: IrAnswerPart; model: string; want: unknown[] }[] = [
  { name: "Claude's reasoning to Claude", part: reasoning(anthropicSeal), model: claude, want: [signed] },
  {
    name: "Claude's reasoning to a model nobody knows",
    part: reasoning(anthropicSeal),
    model: "m",
    want: [signed],
  },
  { name: "Claude's reasoning not to Nova", part: reasoning(anthropicSeal), model: nova, want: [] },
  { name: "Nova's reasoning not to Claude", part: reasoning(awsSeal), model: claude, want: [] },
  { name: "Gemini's reasoning to nobody", part: reasoning(googleSeal), model: "m", want: [] },
  {
    name: "reasoning that nobody claims to Claude",
    part: reasoning(nobodysSeal),
    model: claude,
    want: [signed],
  },
  { name: "unsigned reasoning not to Claude", part: reasoning(), model: claude, want: [] },
  { name: "unsigned reasoning to Nova", part: reasoning(), model: nova, want: [bare] },
  {
    name: "Anthropic's hidden reasoning as its bytes",
    part: redacted({ value: "aGlkZGVu", form: "text", family: "anthropic" }),
    model: claude,
    want: [hidden("YUdsa1pHVnU=")],
  },
  {
    name: "Converse's own hidden reasoning as it was",
    part: redacted({ value: "aGlkZGVu", form: "base64", family: "aws" }),
    model: nova,
    want: [hidden("aGlkZGVu")],
  },
  {
    name: "hidden reasoning out of a chat as it was",
    part: redacted({ value: "aGlkZGVu", form: "text" }),
    model: claude,
    want: [hidden("aGlkZGVu")],
  },
  {
    name: "Google's hidden reasoning to nobody",
    part: redacted({ value: "aGlkZGVu", form: "base64", family: "google" }),
    model: "m",
    want: [],
  },
  {
    name: "a refusal as text",
    part: { type: "text", text: "No.", isRefusal: true },
    model: "m",
    want: [{ text: "No." }],
  },
  {
    name: "blank arguments as an object",
    part: call("c", "f", " "),
    model: "m",
    want: [{ toolUse: { toolUseId: "c", name: "f", input: {} } }],
  },
  {
    name: "a breakpoint after a call",
    part: { ...call("c"), cache: {} },
    model: "m",
    want: [{ toolUse: { toolUseId: "c", name: "f", input: {} } }, { cachePoint: { type: "default" } }],
  },
];

const refusals: { what: string; messages: IrMessage[]; problem: string }[] = [
  {
    what: "an image by https",
    messages: [user(media("image", undefined, url("https://x/a.png")))],
    problem: "s3://",
  },
  {
    what: "a PDF as an image",
    messages: [user(media("image", "application/pdf"))],
    problem: "application/pdf",
  },
  {
    what: "an image of a type it does not know",
    messages: [user(media("image", "image/bmp"))],
    problem: "image/bmp",
  },
  {
    what: "data that is not base64",
    messages: [user(media("image", "image/png", { source: { type: "base64", data: "%%" } }))],
    problem: "not base64",
  },
  {
    what: "a file that only its provider has",
    messages: [
      user(media("document", "application/pdf", { source: { type: "file-id", id: "f1", family: "openai" } })),
    ],
    problem: '"f1"',
  },
  {
    what: "a block of another provider",
    messages: [user({ type: "opaque", family: "anthropic", name: "hologram", block: {} })],
    problem: '"hologram"',
  },
  { what: "arguments that are no object", messages: [assistant(call("c", "f", "[1]"))], problem: '"c"' },
  { what: "a call without an id", messages: [assistant(call(""))], problem: "no id" },
  {
    what: "a result without its call",
    messages: [says("Hi."), user(result("c", text("x")))],
    problem: '"c"',
  },
  {
    what: "audio in a tool result",
    messages: [assistant(call("c")), user(result("c", media("audio", "audio/wav")))],
    problem: "audio",
  },
];

describe("writeConversation", () => {
  test.each(turns)("writes $name", ({ messages, want, system = [] }) => {
    const written = write(messages);
    expect<unknown>(written.messages).toEqual(want);
    expect<unknown>(written.system).toEqual(system);
  });

  test.each(userBlocks)("writes $name", ({ parts, want }) => {
    expect(blocks(user(...parts))).toEqual(want);
  });

  test.each(answers)("gives back $name", ({ part, model, want }) => {
    expect(blocks(assistant(part), model)).toEqual(want);
  });

  test.each(refusals)("refuses $what", ({ messages, problem }) => {
    try {
      write(messages);
    } catch (error) {
      if (!(error instanceof ExchangeFailure)) throw error;
      expect(error.status).toBe(422);
      expect(error.message).toMatch(/^invalid request body: messages\[\d\]\.content\[\d\]/);
      expect(error.message).toContain(problem);
      return;
    }
    expect.unreachable();
  });

  test("tells tool results that failed, with images and their breakpoints", () => {
    const failed = { ...result("c", { ...text("x"), cache: { ttl: "1h" } } as never), isError: true };
    const { messages } = write([
      assistant(call("c")),
      user({ ...failed, parts: [...failed.parts, media("image", "image/png")] }),
    ]);
    expect<unknown>(messages.at(-1)?.content).toEqual([
      {
        toolResult: {
          toolUseId: "c",
          content: [{ text: "x" }, { image: { format: "png", source: { bytes: "AAAA" } } }],
          status: "error",
        },
      },
      { cachePoint: { type: "default", ttl: "1h" } },
    ]);
  });

  test("changes illegal ids alike in call and result, and keeps them apart", () => {
    const ids = ["functions.f:0", "functions-f-0", `${"x".repeat(70)}1`, `${"x".repeat(70)}2`];
    const { messages } = write([
      assistant(...ids.map((id) => call(id))),
      user(...ids.map((id) => result(id, text("x")))),
    ]);
    const called = messages[0]?.content.map((block) => ("toolUse" in block ? block.toolUse.toolUseId : ""));
    const answered = messages[1]?.content.map((block) =>
      "toolResult" in block ? block.toolResult.toolUseId : "",
    );
    expect(answered).toEqual(called!);
    expect(new Set(called).size).toBe(4);
    for (const id of called ?? []) expect(id).toMatch(/^[\w-]{1,64}$/);
  });

  test("warns of a system message that moves, and of reasoning that stays", () => {
    const { warnings } = write([says("Hi."), system("S"), assistant(reasoning(googleSeal))]);
    expect(warnings.map(({ level, path }) => [level, path])).toEqual([
      ["loud", "messages[1]"],
      ["loud", "messages[2].content[0]"],
    ]);
  });
});
