import { expect, test } from "bun:test";
import { clientRequest } from "../../src/dialects/testing.ts";
import { decodeText } from "../../src/dialects/wire/text.ts";
import { ExchangeFailure } from "../../src/model/failure.ts";
import { type JudgedBody, judgeBodies, type PublishedType } from "../support/published-types.ts";
import type { MatrixBackend } from "./backends.ts";
import { fixturesOf, pairs } from "./matrix.ts";

const limitMs = 60_000;

function typeOf({ schema, api, model }: MatrixBackend): PublishedType {
  if (model === "claude-3-5-haiku") return "messagesWithDials";
  if (schema.name === "GCPAnthropic") return "messagesOnVertex";
  if (schema.name === "AWSAnthropic") return "messagesOnBedrock";
  return ({ openai: "chat", anthropic: "messages", bedrock: "converse", gemini: "generateContent" } as const)[
    api
  ];
}

/** What a client sends in its own API is the client's to answer for. */
function bodies(): JudgedBody[] {
  return pairs
    .filter(({ isOwn }) => !isOwn)
    .flatMap(({ client, backend, passage }) =>
      fixturesOf("requests", client.name).flatMap(({ case: behaviour, text }) => {
        try {
          const target = { schema: backend.schema, model: backend.model };
          const { body } = passage.request(clientRequest(client.name, text), target);
          const name = `${client.name}.${behaviour}.${backend.name}`;
          return [{ name, type: typeOf(backend), json: decodeText(body!) }];
        } catch (error) {
          if (error instanceof ExchangeFailure) return [];
          throw error;
        }
      }),
    );
}

test(
  "requests are of the types that providers publish",
  async () => {
    const judged = bodies();
    expect(judged.length).toBeGreaterThan(70);
    expect(await judgeBodies(judged)).toEqual([]);
  },
  limitMs,
);

test(
  "the judge finds what a provider does not know, misses, or calls otherwise",
  async () => {
    const wrong: JudgedBody[] = [
      { name: "chat", type: "chat", json: '{"model":"m","messages":[],"top_k":1}' },
      { name: "messages", type: "messages", json: '{"model":"m","messages":[]}' },
      { name: "vertex", type: "messagesOnVertex", json: '{"messages":[],"max_tokens":1}' },
      {
        name: "invoke",
        type: "messagesOnBedrock",
        json: '{"anthropic_version":"","messages":[],"max_tokens":1,"stream":true}',
      },
      {
        name: "converse",
        type: "converse",
        json: '{"messages":[{"role":"user","content":[{"image":{"format":"bmp","source":{"bytes":"AA=="}}}]}]}',
      },
      {
        name: "gemini",
        type: "generateContent",
        json: '{"contents":[{"parts":[{"inlineDate":{}}]}],"tools":[]}',
      },
    ];
    const problems = await judgeBodies(wrong);
    expect(problems.map((line) => line.split(".")[0]).sort()).toEqual(wrong.map(({ name }) => name).sort());
  },
  limitMs,
);
