import { describe, expect, test } from "bun:test";
import type { IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";
import type { JsonObject } from "../ir/values.ts";
import { deepFreeze } from "../testing.ts";
import { vertexEmbeddings, vertexEmbeddingsHost } from "./index.ts";

function write(members: Partial<IrEmbedRequest>, model: string) {
  const request: IrEmbedRequest = {
    model,
    inputs: [{ text: "A river." }],
    encoding: "float",
    extras: {},
    ...members,
  };
  const headers = new Headers({ "anthropic-version": "x" });
  const target = { schema: { name: "GCPVertexAI" }, model, host: vertexEmbeddingsHost, headers } as const;
  return vertexEmbeddings.writeRequest(deepFreeze(request), target);
}

function read(body: unknown, requestModel: string): IrEmbedResponse {
  return vertexEmbeddings.readResponse(JSON.stringify(body), { requestModel, answerHeaders: new Headers() });
}

const predict = "text-embedding-005";
const content = "gemini-embedding-2";

const written: { name: string; model: string; members: Partial<IrEmbedRequest>; want: JsonObject }[] = [
  {
    name: "a list for predict, with tasks of their own and titles of documents only",
    model: predict,
    members: {
      inputs: [
        { text: "A", task: "RETRIEVAL_DOCUMENT", title: "T" },
        { text: "B", task: "CLUSTERING", title: "T" },
        { text: "C" },
      ],
    },
    want: {
      instances: [
        { content: "A", task_type: "RETRIEVAL_DOCUMENT", title: "T" },
        { content: "B", task_type: "CLUSTERING" },
        { content: "C" },
      ],
      parameters: {},
    },
  },
  {
    name: "what is said of the whole request for every text",
    model: predict,
    members: {
      inputs: [{ text: "A", task: "CLUSTERING" }],
      task: "RETRIEVAL_QUERY",
      title: "All",
      dimensions: 64,
      truncate: false,
    },
    want: {
      instances: [{ content: "A", task_type: "RETRIEVAL_QUERY", title: "All" }],
      parameters: { outputDimensionality: 64, autoTruncate: false },
    },
  },
  {
    name: "one text for embedContent",
    model: content,
    members: {},
    want: { content: { parts: [{ text: "A river." }] } },
  },
  {
    name: "settings for embedContent",
    model: content,
    members: { task: "CLUSTERING", title: "T", dimensions: 64, truncate: true },
    want: {
      content: { parts: [{ text: "A river." }] },
      embedContentConfig: {
        outputDimensionality: 64,
        autoTruncate: true,
        taskType: "CLUSTERING",
        title: "T",
      },
    },
  },
  {
    name: "the user's parts of a conversation for embedContent",
    model: content,
    members: {
      inputs: [],
      messages: [
        { role: "system", voice: "system", parts: [{ type: "text", text: "S" }] },
        {
          role: "user",
          parts: [
            { type: "text", text: "A" },
            { type: "text", text: "" },
            {
              type: "media",
              kind: "image",
              mediaType: "image/png",
              source: { type: "base64", data: "AAAA" },
            },
          ],
        },
        { role: "assistant", parts: [{ type: "text", text: "M" }], isOrderKnown: false },
        { role: "user", parts: [{ type: "text", text: "B" }] },
      ],
    },
    want: {
      content: {
        parts: [{ text: "A" }, { inlineData: { mimeType: "image/png", data: "AAAA" } }, { text: "B" }],
      },
    },
  },
];

const refused: [string, string, Partial<IrEmbedRequest>][] = [
  ["tokens for predict", predict, { inputs: [{ tokens: [1] }] }],
  ["messages for predict", predict, { inputs: [], messages: [] }],
  ["tokens for embedContent", content, { inputs: [{ tokens: [1] }] }],
  ["two inputs for embedContent", content, { inputs: [{ text: "A" }, { text: "B" }] }],
  ["a task of one input for embedContent", content, { inputs: [{ text: "A", task: "CLUSTERING" }] }],
  ["nothing for embedContent", content, { inputs: [] }],
  ["messages without a user for embedContent", content, { inputs: [], messages: [] }],
];

const methods: [string, string][] = [
  ["text-embedding-005", "publishers/google/models/text-embedding-005:predict"],
  ["gemini-embedding-001", "publishers/google/models/gemini-embedding-001:predict"],
  ["publishers/google/models/gemini-embedding-001", "publishers/google/models/gemini-embedding-001:predict"],
  ["gemini-embedding-2", "publishers/google/models/gemini-embedding-2:embedContent"],
];

describe("vertexEmbeddings", () => {
  test("asks a model that embeds one content for each of several texts, others for all at once", () => {
    const request = deepFreeze({
      model: "m",
      inputs: [{ text: "a" }, { text: "b" }],
      encoding: "float",
      extras: {},
    } as const);
    const parts = vertexEmbeddings.split?.(request, "gemini-embedding-2");
    expect(parts?.map(({ inputs }) => inputs)).toEqual([[{ text: "a" }], [{ text: "b" }]]);
    expect(vertexEmbeddings.split?.(request, "gemini-embedding-001")).toEqual([request]);
    const conversation = { ...request, inputs: [], messages: [] };
    expect(vertexEmbeddings.split?.(conversation, "gemini-embedding-2")).toEqual([conversation]);
  });

  test.each(written)("writes $name", ({ model, members, want }) => {
    expect(JSON.parse(write(members, model).body)).toEqual(want);
  });

  test.each(refused)("refuses %s", (_, model, members) => {
    const fails = expect.objectContaining({ code: "untranslatable" });
    expect(() => write(members, model)).toThrow("error converting EmbeddingRequest: invalid request body: ");
    expect(() => write(members, model)).toThrow(fails);
  });

  test.each(methods)("asks %s at %s", (model, path) => {
    expect(write({}, model)).toMatchObject({ path, remove: ["anthropic-version"] });
  });

  test("warns of another family's members", () => {
    const { warnings } = write({ extras: { cohere: { input_type: "clustering" } } }, predict);
    expect(warnings.map(({ level, path }) => [level, path])).toEqual([["loud", "input_type"]]);
  });

  test("reads predictions in order and adds up their tokens", () => {
    const statistics = (token_count: number, truncated: boolean) => ({ token_count, truncated });
    const predictions = [
      { embeddings: { values: [0.25, -0.5], statistics: statistics(3, false) } },
      { embeddings: { values: [1, 2], statistics: statistics(4, true) } },
    ];
    expect(read({ predictions }, predict)).toEqual({
      vectors: [
        { values: [0.25, -0.5], isTruncated: false },
        { values: [1, 2], isTruncated: true },
      ],
      usage: { inputTokens: 7, totalTokens: 7 },
    });
  });

  test("reads one embedding", () => {
    const body = { embedding: { values: [1, 2] }, truncated: true, usageMetadata: { promptTokenCount: 5 } };
    expect(read(body, content)).toEqual({
      vectors: [{ values: [1, 2], isTruncated: true }],
      usage: { inputTokens: 5, totalTokens: 5 },
    });
  });

  test.each([predict, content])("reads nothing from %s as no vectors, and no object as an error", (model) => {
    expect(read({}, model).vectors).toEqual([]);
    expect(() => read([], model)).toThrow();
  });
});
