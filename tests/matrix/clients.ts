/** The clients of the matrix, and what their official SDKs understand of an answer. */
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { EndpointName } from "../../src/dialects/passage.ts";

/** What an answer says, in whatever API. */
export interface Said {
  thinking: string;
  text: string;
  /** Inputs are parsed, so that long numbers are as near as JavaScript comes to them. */
  calls: { name: string; input: unknown }[];
  end: "stop" | "calls" | "length" | "refusal";
  /** `input` is whole; `cached` is a part of it. */
  usage: { input: number; cached: number; output: number };
}

export interface MatrixClient {
  readonly name: EndpointName;
  /** The least that it can ask. */
  readonly question: object;
  /** Rejects where the SDK throws. */
  readStream(body: Uint8Array): Promise<Said>;
  readWhole(body: Uint8Array): Promise<Said>;
}

const question = { model: "m", max_tokens: 9, messages: [{ role: "user" as const, content: "x" }] };

export const clients: readonly MatrixClient[] = [
  { name: "chat", question, readStream: readChatStream, readWhole: readChat },
  { name: "messages", question, readStream: readMessageStream, readWhole: readMessage },
  {
    name: "responses",
    question: { model: "m", input: "x" },
    readStream: readResponseStream,
    readWhole: readResponse,
  },
];

function options(body: Uint8Array, contentType: string) {
  const answer = () => new Response(Uint8Array.from(body), { headers: { "content-type": contentType } });
  return { apiKey: "unused", maxRetries: 0, fetch: async () => answer() };
}

async function readChatStream(body: Uint8Array): Promise<Said> {
  const sdk = new OpenAI(options(body, "text/event-stream"));
  const stream = sdk.chat.completions.stream({ ...question, stream_options: { include_usage: true } });
  // Extensions of the API are lost in the SDK's own accumulator.
  let thinking = "";
  stream.on("chunk", ({ choices: [choice] }) => {
    thinking += (choice?.delta as { reasoning_content?: string } | undefined)?.reasoning_content ?? "";
  });
  return { ...chatSaid(await stream.finalChatCompletion()), thinking };
}

async function readChat(body: Uint8Array): Promise<Said> {
  return chatSaid(await new OpenAI(options(body, "application/json")).chat.completions.create(question));
}

const chatEnds: { readonly [reason: string]: Said["end"] } = {
  stop: "stop",
  tool_calls: "calls",
  length: "length",
  content_filter: "refusal",
};

function chatSaid({ choices: [choice], usage }: OpenAI.ChatCompletion): Said {
  const { message, finish_reason } = choice!;
  return {
    thinking: (message as { reasoning_content?: string }).reasoning_content ?? "",
    text: message.refusal ?? message.content ?? "",
    calls: (message.tool_calls ?? []).map((call) => {
      if (call.type !== "function") throw new Error(`a call of type ${call.type}`);
      return { name: call.function.name, input: JSON.parse(call.function.arguments) as unknown };
    }),
    end: message.refusal ? "refusal" : chatEnds[finish_reason]!,
    usage: {
      input: usage?.prompt_tokens ?? 0,
      cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      output: usage?.completion_tokens ?? 0,
    },
  };
}

async function readMessageStream(body: Uint8Array): Promise<Said> {
  const sdk = new Anthropic(options(body, "text/event-stream"));
  return messageSaid(await sdk.messages.stream(question).finalMessage());
}

async function readMessage(body: Uint8Array): Promise<Said> {
  return messageSaid(await new Anthropic(options(body, "application/json")).messages.create(question));
}

const messageEnds: { readonly [reason: string]: Said["end"] } = {
  end_turn: "stop",
  tool_use: "calls",
  max_tokens: "length",
  refusal: "refusal",
};

function messageSaid({ content, stop_reason, usage }: Anthropic.Message): Said {
  const textOf = (read: (block: Anthropic.ContentBlock) => string) => content.map(read).join("");
  const cached = usage.cache_read_input_tokens ?? 0;
  return {
    thinking: textOf((block) => (block.type === "thinking" ? block.thinking : "")),
    text: textOf((block) => (block.type === "text" ? block.text : "")),
    calls: content.flatMap((block) =>
      block.type === "tool_use" ? [{ name: block.name, input: block.input }] : [],
    ),
    end: messageEnds[stop_reason ?? ""]!,
    usage: { input: usage.input_tokens + cached, cached, output: usage.output_tokens },
  };
}

async function readResponseStream(body: Uint8Array): Promise<Said> {
  const sdk = new OpenAI(options(body, "text/event-stream"));
  const stream = sdk.responses.stream({ model: "m", input: "x" });
  // An answer that failed or is incomplete is an answer for the SDK as well.
  const response = await stream.finalResponse();
  if (response.status === "failed") throw new Error(response.error?.message);
  return responseSaid(response);
}

async function readResponse(body: Uint8Array): Promise<Said> {
  const sdk = new OpenAI(options(body, "application/json"));
  return responseSaid(await sdk.responses.create({ model: "m", input: "x" }));
}

function responseSaid({ output, incomplete_details, usage }: OpenAI.Responses.Response): Said {
  const contents = output.flatMap((item) => (item.type === "message" ? item.content : []));
  const calls = output.flatMap((item) =>
    item.type === "function_call" ? [{ name: item.name, input: JSON.parse(item.arguments) as unknown }] : [],
  );
  const isRefusal =
    incomplete_details?.reason === "content_filter" || contents.some(({ type }) => type === "refusal");
  const end =
    incomplete_details?.reason === "max_output_tokens" ? "length" : calls.length > 0 ? "calls" : "stop";
  return {
    thinking: output
      .flatMap((item) => (item.type === "reasoning" ? item.summary : []))
      .map(({ text }) => text)
      .join(""),
    text: contents.map((content) => (content.type === "refusal" ? content.refusal : content.text)).join(""),
    calls,
    end: isRefusal ? "refusal" : end,
    usage: {
      input: usage?.input_tokens ?? 0,
      cached: usage?.input_tokens_details.cached_tokens ?? 0,
      output: usage?.output_tokens ?? 0,
    },
  };
}
