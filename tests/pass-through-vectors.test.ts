/**
 * The golden vectors of pairs that speak one API, played against endpoints, passages and signers without a server: says
 * within a second whether bytes pass as they should. `vectors.test.ts` plays all of them against a running gateway.
 */
import { describe, expect, test } from "bun:test";
import { playInProcess } from "./support/in-process.ts";
import { compare, deviations, readVectors, reasonFor } from "./support/vectors.ts";

/** Vectors whose backend speaks another API than the client. */
const isTranslated =
  /^unsupported-|bedrock|awsanthropic|gcpanthropic|gemini|messages-openai|fallback-(?:messages|other)/;

const vectors = readVectors().map(({ vector }) => vector);
const passed = vectors.filter(({ name, refBug }) => !isTranslated.test(name) && refBug === undefined);

test("there are vectors to play", () => {
  expect(passed.length).toBeGreaterThan(190);
});

describe("as the reference", () => {
  test.each(passed)("$name", (vector) => {
    const outcome = playInProcess(vector);
    if (outcome === undefined) throw new Error("nothing serves this pair");
    expect(compare(vector, outcome), vector.about).toEqual([]);
  });
});

/** What our answer is where it differs on purpose; the reasons are in `vectors/deviations.json`. */
const better: {
  name: string;
  status: number;
  upstreamHeaders?: { [name: string]: undefined };
  events?: number;
  body?: object;
}[] = [
  { name: "auth-azure-key-client-bearer", status: 200, upstreamHeaders: { authorization: undefined } },
  {
    name: "auth-openai-key-other-client-keys",
    status: 200,
    upstreamHeaders: { "x-api-key": undefined, "api-key": undefined },
  },
  { name: "chat-openai-answer-broken-json", status: 200 },
  { name: "chat-openai-thinking-unknown-type", status: 200 },
  { name: "chat-openai-unknown-part", status: 200 },
  { name: "responses-openai-unknown-item", status: 200 },
  { name: "chat-request-empty-body", status: 400 },
  { name: "chat-request-model-missing", status: 400 },
  { name: "chat-request-get", status: 405 },
  {
    name: "completions-openai-error-plain",
    status: 500,
    body: { type: "error", error: { type: "OpenAIBackendError", code: "500", message: "boom" } },
  },
  { name: "costs-chat-azure-stream", status: 200, events: 2 },
  { name: "costs-chat-openai-stream", status: 200, events: 2 },
  { name: "costs-chat-openai-stream-refused", status: 200, events: 2 },
  { name: "count-tokens-anthropic-prefix", status: 200 },
  { name: "models-one", status: 200 },
  { name: "unsupported-completions-azure", status: 200 },
  { name: "unsupported-images-azure", status: 200 },
  { name: "unsupported-speech-azure", status: 200 },
  { name: "unsupported-translation-azure", status: 200 },
  { name: "unsupported-rerank-openai", status: 200 },
];

test.each(better)(
  "$name is answered the better way: $status",
  ({ name, status, upstreamHeaders, events, body }) => {
    expect(reasonFor(deviations, name)).toBeString();
    const vector = vectors.find((candidate) => candidate.name === name);
    const outcome = vector && playInProcess(vector);
    expect(outcome?.client).toMatchObject({ status, ...(body === undefined ? {} : { body }) });
    if (events !== undefined) expect(outcome?.client.events).toHaveLength(events);
    for (const header of Object.keys(upstreamHeaders ?? {}))
      expect(outcome?.upstream).not.toHaveProperty(["headers", header]);
  },
);
