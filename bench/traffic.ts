/** What travels in the benchmark: an everyday chat request, its answer, and a stream of 200 events, in both APIs. */

const instructions =
  "You are a helpful assistant. Answer in one short paragraph, and say so when you are not sure. ";

export const path = "/v1/chat/completions";
/** Where the provider speaks Anthropic's API. */
export const messagesPath = "/v1/messages";
export const streamEvents = 200;

/** Milliseconds between the events of a paced stream. */
export const paceMs = 1;

export type Kind = "chat" | "burst" | "paced";

/** The body of a request, about 1 KB. A model called `paced` is answered event by event. */
export function requestBody(kind: Kind): string {
  return JSON.stringify({
    model: kind === "paced" ? "paced" : "bench",
    messages: [
      { role: "system", content: instructions.repeat(6) },
      { role: "user", content: "How does a hash table keep its look-ups fast when it grows?" },
      {
        role: "assistant",
        content: "It grows by a factor and spreads its entries anew, so that chains stay short.",
      },
      { role: "user", content: "And how much does one insertion cost then, on average?" },
    ],
    temperature: 0.2,
    ...(kind !== "chat" && { stream: true, stream_options: { include_usage: true } }),
  });
}

const usage = { prompt_tokens: 187, completion_tokens: 200, total_tokens: 387 };
const common = {
  id: "chatcmpl-bench",
  created: 1_760_000_000,
  model: "bench-1",
  system_fingerprint: "fp_bench",
};

const answerText = "Constant on average: doubling makes the copies rare. ".repeat(8);

export const answerBody = JSON.stringify({
  ...common,
  object: "chat.completion",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: answerText,
      },
      finish_reason: "stop",
    },
  ],
  usage,
});

/** The events of a stream, each with its blank line; the last ones carry usage and the end. */
export const events: readonly string[] = [
  ...Array.from({ length: streamEvents - 2 }, (_, index) =>
    event({ choices: [{ index: 0, delta: { content: ` word${index}` }, finish_reason: null }] }),
  ),
  event({ choices: [], usage }),
  "data: [DONE]\n\n",
];

function event(members: object): string {
  return `data: ${JSON.stringify({ ...common, object: "chat.completion.chunk", ...members })}\n\n`;
}

const message = { id: "msg_bench", type: "message", role: "assistant", model: "claude-bench" };
const messageUsage = { input_tokens: 187, output_tokens: 200 };
const ending = { stop_reason: "end_turn", stop_sequence: null };

/** The same answer as Anthropic gives it. */
export const messageBody = JSON.stringify({
  ...message,
  content: [{ type: "text", text: answerText }],
  ...ending,
  usage: messageUsage,
});

/** As many events as the other stream has. */
export const messageEvents: readonly string[] = [
  named({ type: "message_start", message: { ...message, content: [], usage: messageUsage } }),
  named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
  ...Array.from({ length: streamEvents - 5 }, (_, index) =>
    named({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text: ` word${index}` },
    }),
  ),
  named({ type: "content_block_stop", index: 0 }),
  named({ type: "message_delta", delta: ending, usage: messageUsage }),
  named({ type: "message_stop" }),
];

function named(event: { readonly type: string; readonly [member: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
