import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../../model/failure.ts";
import type { IrEmbedRequest } from "../ir/small.ts";
import { deepFreeze } from "../testing.ts";
import { bedrockEmbeddings, bedrockEmbeddingsHost } from "./index.ts";

const titan = "amazon.titan-embed-text-v2:0";
const cohere3 = "cohere.embed-english-v3";
const cohere4 = "us.cohere.embed-v4:0";

function write(model: string, request: Partial<IrEmbedRequest>) {
  const question = deepFreeze({ model, inputs: [], encoding: "float", extras: {}, ...request } as const);
  const target = {
    schema: { name: "AWSBedrock" },
    model,
    headers: new Headers(),
    host: bedrockEmbeddingsHost,
  } as const;
  const { path, body, warnings } = bedrockEmbeddings.writeRequest(question, target);
  return { path, body: JSON.parse(body), warned: warnings.map((warning) => warning.path) };
}

function read(body: string, headers: Record<string, string> = {}) {
  return bedrockEmbeddings.readResponse(body, {
    requestModel: "m",
    answerHeaders: new Headers(headers),
  });
}

const texts = [{ text: "a" }, { text: "b" }];

const requests: { name: string; model: string; request: Partial<IrEmbedRequest>; want: object }[] = [
  {
    name: "one text to Titan",
    model: titan,
    request: { inputs: [{ text: "a" }], dimensions: 256 },
    want: { path: `/model/${titan}/invoke`, body: { inputText: "a", dimensions: 256 }, warned: [] },
  },
  {
    name: "what Titan has not as a warning",
    model: titan,
    request: { inputs: [{ text: "a", task: "CLUSTERING" }], title: "T", truncate: true },
    want: { body: { inputText: "a" }, warned: ["task_type", "title", "auto_truncate"] },
  },
  {
    name: "texts to Cohere, as documents if nobody says what they are",
    model: cohere3,
    request: { inputs: texts, truncate: true },
    want: {
      path: `/model/${cohere3}/invoke`,
      body: {
        texts: ["a", "b"],
        input_type: "search_document",
        embedding_types: ["float"],
        truncate: "END",
      },
    },
  },
  {
    name: "a task in Cohere's word, and version 4's own members",
    model: cohere4,
    request: { inputs: texts, task: "RETRIEVAL_QUERY", dimensions: 512, truncate: true },
    want: {
      body: {
        texts: ["a", "b"],
        input_type: "search_query",
        embedding_types: ["float"],
        output_dimension: 512,
        truncate: "RIGHT",
      },
    },
  },
  {
    name: "Cohere's own word as it is",
    model: cohere3,
    request: { inputs: texts, task: "CLUSTERING", extras: { cohere: { input_type: "classification" } } },
    want: {
      body: { texts: ["a", "b"], input_type: "classification", embedding_types: ["float"] },
    },
  },
];

const refusals: { name: string; model: string; request: Partial<IrEmbedRequest>; path: string }[] = [
  { name: "two texts to Titan", model: titan, request: { inputs: texts }, path: "input" },
  { name: "no text to Titan", model: titan, request: {}, path: "input" },
  { name: "tokens to Titan", model: titan, request: { inputs: [{ tokens: [1] }] }, path: "input" },
  { name: "tokens to Cohere", model: cohere3, request: { inputs: [{ tokens: [1] }] }, path: "input" },
  { name: "a conversation", model: titan, request: { messages: [] }, path: "messages" },
  {
    name: "another size of Cohere 3",
    model: cohere3,
    request: { inputs: texts, dimensions: 8 },
    path: "dimensions",
  },
  {
    name: "texts for several purposes",
    model: cohere3,
    request: { inputs: [{ text: "a", task: "CLUSTERING" }, { text: "b" }] },
    path: "input",
  },
];

const answers: { name: string; body: string; headers?: Record<string, string>; want: object }[] = [
  {
    name: "Titan's",
    body: '{"embedding":[0.25,-1],"inputTextTokenCount":3,"embeddingsByType":{"float":[0.25,-1]}}',
    want: { vectors: [{ values: [0.25, -1] }], usage: { inputTokens: 3, totalTokens: 3 } },
  },
  {
    name: "Cohere's by type, with the count of a header",
    body: '{"embeddings":{"float":[[1],[2]]},"response_type":"embeddings_by_type"}',
    headers: { "x-amzn-bedrock-input-token-count": "7" },
    want: {
      vectors: [{ values: [1] }, { values: [2] }],
      usage: { inputTokens: 7, totalTokens: 7 },
    },
  },
  {
    name: "Cohere's as a list, uncounted",
    body: '{"embeddings":[[1]],"response_type":"embeddings_floats"}',
    want: { vectors: [{ values: [1] }], usage: undefined },
  },
];

describe("bedrockEmbeddings", () => {
  test.each(requests)("writes $name", ({ model, request, want }) => {
    expect(write(model, request)).toMatchObject(want);
  });

  test.each(refusals)("refuses $name", ({ model, request, path }) => {
    const refused = () => write(model, request);
    expect(refused).toThrow(ExchangeFailure);
    expect(refused).toThrow(`invalid request body: ${path}: `);
  });

  test.each(answers)("reads $name", ({ body, headers, want }) => {
    expect(read(body, headers)).toEqual(want as never);
  });

  test.each(["{}", "[]", "oops", '{"embeddings":"x"}'])("fails on %s, which has no embedding", (body) => {
    expect(() => read(body)).toThrow(ExchangeFailure);
  });

  test("asks Titan for each of several texts, and Cohere for all at once", () => {
    const request = deepFreeze({
      model: titan,
      inputs: texts,
      dimensions: 8,
      encoding: "float",
      extras: {},
    } as const);
    const parts = bedrockEmbeddings.split?.(request, titan) ?? [];
    expect(parts.map(({ inputs, dimensions }) => [inputs, dimensions])).toEqual([
      [[{ text: "a" }], 8],
      [[{ text: "b" }], 8],
    ]);
    expect(bedrockEmbeddings.split?.(request, cohere3)).toEqual([request]);
  });

  test("puts the answers for several texts in a row", () => {
    const one = (value: number, inputTokens?: number) => ({
      vectors: [{ values: [value] }],
      usage: inputTokens === undefined ? undefined : { inputTokens, totalTokens: inputTokens },
    });
    expect(bedrockEmbeddings.merge?.([one(1, 2), one(2, 3)])).toEqual({
      vectors: [{ values: [1] }, { values: [2] }],
      model: undefined,
      usage: { inputTokens: 5, totalTokens: 5 },
    });
    expect(bedrockEmbeddings.merge?.([one(1, 2), one(2)]).usage).toBeUndefined();
  });

  test("leaves an error that AWS does not name as it came", () => {
    const error = (headers: Record<string, string>, text: string) =>
      bedrockEmbeddings.readError(
        { status: 400, headers: new Headers(headers), text },
        bedrockEmbeddingsHost,
      );
    expect(error({}, '{"message":"Bad."}')).toBeUndefined();
    expect(error({ "x-amzn-errortype": "ValidationException" }, '{"message":"Bad."}')?.type).toBe(
      "ValidationException",
    );
    expect(error({}, "<h1>")?.message).toBe("<h1>");
  });
});
