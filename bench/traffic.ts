/** What travels in the benchmark: an everyday chat request, its answer, and a stream of 200 events. */

const instructions =
  "You are a helpful assistant. Answer in one short paragraph, and say so when you are not sure. ";

export const path = "/v1/chat/completions";
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

export const answerBody = JSON.stringify({
  ...common,
  object: "chat.completion",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: "Constant on average: doubling makes the copies rare. ".repeat(8),
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
