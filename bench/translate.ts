/**
 * What a translated request and a translated event cost, for each pair of APIs.
 *
 *   bun bench/translate.ts [--quick]
 *
 * The yardstick is `JSON.parse` and `JSON.stringify` of the same bytes, which a gateway that changes anything cannot do
 * without: bytes that came are decoded and parsed, written and encoded to bytes that go. Where there is JSON in JSON, as
 * in frames of InvokeModel, both count. Both ways take turns, and of each the best round counts: what else the machine
 * does only makes rounds worse.
 */
import { parseArgs } from "node:util";
import type { EndpointName, Meter, Passage, Target, UpstreamHead } from "../src/dialects/passage.ts";
import { passageFor } from "../src/dialects/registry.ts";
import { clientRequest } from "../src/dialects/testing.ts";
import type { SchemaName } from "../src/model/ai.ts";
import { type AnswerParts, answers, requests } from "./conversations.ts";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const pace = options.quick ? { passes: 2, rounds: 4, roundMs: 8 } : { passes: 4, rounds: 10, roundMs: 20 };
/** Events of an answer, so that its beginning and end weigh little. */
const perAnswer = 200;
/** What a pair may cost, as multiples of the yardstick. */
const goals = { request: 3, event: 2.5 };

const frames = "application/vnd.amazon.eventstream";
const backends: { schema: SchemaName; model: string; api: string; contentType: string }[] = [
  { schema: "OpenAI", model: "gpt-5", api: "openai", contentType: "text/event-stream" },
  { schema: "AzureOpenAI", model: "gpt-5", api: "openai", contentType: "text/event-stream" },
  { schema: "Anthropic", model: "claude-sonnet-4-5", api: "anthropic", contentType: "text/event-stream" },
  { schema: "GCPAnthropic", model: "claude-sonnet-4-5", api: "anthropic", contentType: "text/event-stream" },
  { schema: "AWSAnthropic", model: "anthropic.claude-sonnet-4-5", api: "invoke", contentType: frames },
  { schema: "AWSBedrock", model: "anthropic.claude-sonnet-4-5", api: "bedrock", contentType: frames },
  { schema: "GCPVertexAI", model: "gemini-3-pro-preview", api: "gemini", contentType: "text/event-stream" },
];
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };

/** Two ways to work on the same bytes, and the best time of each so far, in microseconds for `share` of a run. */
class Comparison {
  readonly #runs: readonly (() => void)[];
  readonly #share: number;
  readonly #best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];

  constructor(work: () => void, yardstick: () => void, share = 1) {
    this.#runs = [work, yardstick];
    this.#share = share;
  }

  measure(): void {
    const counts = this.#runs.map(batchOf);
    for (let round = 0; round < pace.rounds; round++) {
      for (const [index, run] of this.#runs.entries())
        this.#best[index] = Math.min(this.#best[index]!, timeOf(run, counts[index]!));
    }
  }

  cells(goal: number): [string, string] {
    const [work, yardstick] = this.#best as [number, number];
    const took = work / this.#share;
    const ratio = work / yardstick;
    return [took.toFixed(took < 10 ? 2 : 1), `${ratio.toFixed(2)}x${ratio > goal ? " MISSED" : ""}`];
  }
}

/** How many runs fill a round; they warm up as well. */
function batchOf(run: () => void): number {
  const endsAt = performance.now() + pace.roundMs * 4;
  let count = 0;
  while (performance.now() < endsAt) {
    run();
    count++;
  }
  return Math.max(1, Math.round(count / 4));
}

function timeOf(run: () => void, count: number): number {
  const startedAt = performance.now();
  for (let index = 0; index < count; index++) run();
  return ((performance.now() - startedAt) * 1000) / count;
}

/** From the text that has been received to the bytes that are sent. */
function requestOf(passage: Passage, client: EndpointName, target: Target): Comparison {
  const text = requests[client]!;
  const known = clientRequest(client, text);
  return new Comparison(
    () => passage.request({ ...known, json: JSON.parse(text) }, target),
    () => encoder.encode(JSON.stringify(JSON.parse(text))),
  );
}

/** A piece of text of a long answer that comes event by event; its beginning and end are shared by all. */
function eventOf(
  passage: Passage,
  client: EndpointName,
  target: Target,
  head: UpstreamHead,
  parts: AnswerParts,
): Comparison {
  const request = clientRequest(client, requests[client]!);
  const { delta } = parts;
  const jsons = [...parts.start, ...Array.from({ length: perAnswer }, () => delta), ...parts.end].flatMap(
    (piece) => piece.jsons,
  );
  const emit = () => {};
  return new Comparison(
    () => {
      const plan = passage.answer(request, target, meter).success(head);
      if (plan.type !== "rewrite" && plan.type !== "tap") throw new Error(plan.type);
      for (const piece of parts.start) plan.stage.push(piece.bytes, emit);
      for (let index = 0; index < perAnswer; index++) plan.stage.push(delta.bytes, emit);
      for (const piece of parts.end) plan.stage.push(piece.bytes, emit);
      plan.stage.end(emit, false);
    },
    () => {
      for (let index = 0; index < jsons.length; index++)
        encoder.encode(JSON.stringify(JSON.parse(decoder.decode(jsons[index]))));
    },
    perAnswer,
  );
}

function main(): void {
  const cases = (["chat", "messages", "responses"] as const).flatMap((client) =>
    backends.flatMap(({ schema, model, api, contentType }) => {
      const passage = passageFor(client, schema);
      // What passes in an API that no answer here is in is measured as chat.
      if (passage === undefined || (client === "responses" && api === "openai")) return [];
      const target = { schema: { name: schema }, model };
      const head = { status: 200, headers: new Headers({ "content-type": contentType }), isEncoded: false };
      const event = eventOf(passage, client, target, head, answers[api]!);
      return [{ name: `${client} to ${schema}`, request: requestOf(passage, client, target), event }];
    }),
  );
  for (let pass = 0; pass < pace.passes; pass++) {
    for (const { request, event } of cases) {
      request.measure();
      event.measure();
    }
  }
  const rows = [
    ["", "request", "", "event", ""],
    ...cases.map(({ name, request, event }) => [
      name,
      ...request.cells(goals.request),
      ...event.cells(goals.event),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const [first = 0, ...others] = widths;
  console.log(
    `microseconds, and multiples of JSON.parse + JSON.stringify of the same bytes; Bun ${Bun.version}`,
  );
  console.log(
    `a chat request has ${requests["chat"]!.length} bytes, one of messages ${requests["messages"]!.length}; events hold 21 letters\n`,
  );
  for (const [name = "", ...values] of rows) {
    const padded = values.map((value, column) => value.padStart(others[column]!));
    console.log([name.padEnd(first), ...padded].join("  ").trimEnd());
  }
}

main();
