/**
 * What pass-through costs, without sockets: `bun bench/pass-through.ts`. Each number is the best of several rounds;
 * beside it what the plainest way costs on the same bytes, in rounds between.
 */
import type { ClientRequest, Meter } from "../src/dialects/passage.ts";
import { ChatEvents } from "../src/dialects/passthrough/events/chat-events.ts";
import { StreamTap } from "../src/dialects/passthrough/stream-tap.ts";
import { UsageStrike } from "../src/dialects/passthrough/strike-usage.ts";
import { passageFor } from "../src/dialects/registry.ts";
import { createEndpointTable } from "../src/endpoints/index.ts";

const encoder = new TextEncoder();
const event = (data: object | string) =>
  encoder.encode(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);

const chunk = {
  id: "chatcmpl-CxQ2mT8s0vJm1",
  object: "chat.completion.chunk",
  created: 1750000000,
  model: "gpt-5-mini-2025-08-07",
  service_tier: "default",
  system_fingerprint: "fp_1",
};
const piece = (delta: object, finish: string | null = null) =>
  event({ ...chunk, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], usage: null });
const usage = { prompt_tokens: 11, completion_tokens: 200, total_tokens: 211 };

/** 204 events, as many as a stream of `bench` has. */
const events = [
  piece({ role: "assistant", content: "" }),
  ...Array.from({ length: 200 }, (_, i) => piece({ content: ` word${i}` })),
  piece({}, "stop"),
  event({ ...chunk, choices: [], usage }),
  event("[DONE]"),
];
const burst = [encoder.encode(events.map((bytes) => new TextDecoder().decode(bytes)).join(""))];

const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };
let sink = 0;
const emit = (bytes: Uint8Array) => {
  sink += bytes.length;
};

function runStage(make: () => StreamTap | UsageStrike, pieces: readonly Uint8Array[]): void {
  const stage = make();
  for (const bytes of pieces) stage.push(bytes, emit);
  stage.end(emit);
}

/** The plainest way: decode, split, parse every event. */
function parseAll(pieces: readonly Uint8Array[]): void {
  const decoder = new TextDecoder();
  let rest = "";
  for (const bytes of pieces) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: {")) sink += (JSON.parse(line.slice(6)) as { created: number }).created;
    }
    emit(bytes);
  }
}

const table = createEndpointTable();
const headers = new Headers({ "content-type": "application/json" });

function readRequest(body: Uint8Array): ClientRequest {
  const found = table.lookup("POST", "/v1/chat/completions", "");
  if (found.type !== "endpoint") throw new Error("no endpoint");
  return found.endpoint.readRequest(body, "application/json", headers);
}

function chat(characters: number, members: object = {}): Uint8Array {
  const content = 'A "quoted" line\nof some text. '.repeat(Math.ceil(characters / 30));
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content },
  ];
  return encoder.encode(JSON.stringify({ model: "gpt-5-mini", messages, ...members }));
}

const small = chat(300);
const smallStream = chat(300, { stream: true });
const large = chat(65_000);
const passage = passageFor("chat", "OpenAI");
if (passage === undefined) throw new Error("no passage");
const target = (model: string) => ({ schema: { name: "OpenAI", prefix: "v1" } as const, model });

const answer = encoder.encode(
  JSON.stringify({
    ...chunk,
    choices: [
      { index: 0, message: { role: "assistant", content: "Four. ".repeat(50) }, finish_reason: "stop" },
    ],
    usage,
  }),
);
const vectors = encoder.encode(
  JSON.stringify({
    data: Array.from({ length: 20 }, (_, index) => ({
      index,
      embedding: Array.from({ length: 1536 }, (_, i) => Math.sin(i + index)),
    })),
    model: "embed",
    usage,
  }),
);

function readAnswer(endpoint: "chat" | "embeddings", body: Uint8Array): void {
  const reader = passageFor(endpoint, "OpenAI")?.answer(readSmall, target("m"), meter);
  const plan = reader?.success({ status: 200, headers, isEncoded: false });
  if (plan?.type === "whole") plan.read(body);
}

function parseAnswer(body: Uint8Array): void {
  sink += (JSON.parse(new TextDecoder().decode(body)) as { usage: { prompt_tokens: number } }).usage
    .prompt_tokens;
}

/** Rounds of both alternate, so that what else the machine does hits both. */
function compare(work: () => void, plain: () => void): [number, number] {
  const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < 15; round++) {
    for (const [i, run] of [work, plain].entries()) best[i] = Math.min(best[i] ?? 0, roundUs(run));
  }
  return best;
}

function roundUs(work: () => void): number {
  const start = performance.now();
  let times = 0;
  for (; performance.now() - start < 20; times++) work();
  return ((performance.now() - start) * 1000) / times;
}

const readSmall = readRequest(small);
const readStream = readRequest(smallStream);
const readLarge = readRequest(large);

const rows: [string, () => void, () => void][] = [
  [
    "stream of 204 events, one piece, tap",
    () => runStage(() => new StreamTap(new ChatEvents(meter)), burst),
    () => parseAll(burst),
  ],
  [
    "stream of 204 events, one piece, usage taken out",
    () => runStage(() => new UsageStrike(new ChatEvents(meter)), burst),
    () => parseAll(burst),
  ],
  [
    "stream of 204 events, 204 pieces, tap",
    () => runStage(() => new StreamTap(new ChatEvents(meter)), events),
    () => parseAll(events),
  ],
  [
    "stream of 204 events, 204 pieces, usage taken out",
    () => runStage(() => new UsageStrike(new ChatEvents(meter)), events),
    () => parseAll(events),
  ],
  [
    "read a chat request of 0.4 KB",
    () => readRequest(small),
    () => JSON.parse(new TextDecoder().decode(small)),
  ],
  [
    "read a chat request of 70 KB",
    () => readRequest(large),
    () => JSON.parse(new TextDecoder().decode(large)),
  ],
  ["send it as it came", () => passage.request(readSmall, target("gpt-5-mini")), () => {}],
  [
    "send it with usage asked for",
    () => passage.request(readStream, target("gpt-5-mini")),
    () => JSON.stringify(readStream.json),
  ],
  [
    "send it with another model",
    () => passage.request(readSmall, target("other")),
    () => JSON.stringify(readSmall.json),
  ],
  [
    "send 70 KB with another model",
    () => passage.request(readLarge, target("other")),
    () => JSON.stringify(readLarge.json),
  ],
  ["read an answer of 0.6 KB", () => readAnswer("chat", answer), () => parseAnswer(answer)],
  [
    `read embeddings of ${Math.round(vectors.length / 1024)} KB`,
    () => readAnswer("embeddings", vectors),
    () => parseAnswer(vectors),
  ],
];

console.log("µs        plainest  what");
for (const [name, work, plain] of rows) {
  const [own, plainest] = compare(work, plain);
  console.log(`${own.toFixed(2).padEnd(9)} ${plainest.toFixed(2).padEnd(9)} ${name}`);
}
if (sink === 0) throw new Error("nothing ran");
