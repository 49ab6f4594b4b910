import { describe, expect, test } from "bun:test";
import type { IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";
import { clientRequest } from "../testing.ts";
import { openaiEmbeddingsClient } from "./index.ts";

const { readRequest, writeResponse } = openaiEmbeddingsClient;
const read = (body: object) => readRequest(clientRequest("embeddings", { model: "m", ...body }));

const inputs: [string, unknown, IrEmbedRequest["inputs"]][] = [
  ["a string", "A", [{ text: "A" }]],
  ["strings", ["A", "B"], [{ text: "A" }, { text: "B" }]],
  ["tokens", [1, 2], [{ tokens: [1, 2] }]],
  ["lists of tokens", [[1, 2], [3]], [{ tokens: [1, 2] }, { tokens: [3] }]],
  ["an object", { content: "A", task_type: "CLUSTERING" }, [{ text: "A", task: "CLUSTERING" }]],
  [
    "objects with several texts",
    [{ content: ["A", "B"], title: "T" }, "C"],
    [{ text: "A", title: "T" }, { text: "B", title: "T" }, { text: "C" }],
  ],
  ["an empty list", [], []],
  ["nothing", undefined, []],
];

const malformed: [string, object][] = [
  ["a number", { input: 7 }],
  ["a list with null", { input: ["A", null] }],
  ["fractions as tokens", { input: [1.5] }],
  ["text among tokens", { input: [1, "A"] }],
  ["an object without content", { input: {} }],
  ["empty content", { input: [{ content: [] }] }],
  ["an empty text as content", { input: [{ content: "" }] }],
  ["an unknown encoding", { input: "A", encoding_format: "hex" }],
  ["a text as dimensions", { input: "A", dimensions: "64" }],
];

const response: IrEmbedResponse = {
  vectors: [{ values: [0.25, -0.5, 1] }, { values: [2], isTruncated: true }],
  usage: { inputTokens: 7 },
};
const context = { requestModel: "m", answerHeaders: new Headers() };

describe("openaiEmbeddingsClient", () => {
  test.each(inputs)("reads %s", (_, input, want) => expect(read({ input }).inputs).toEqual(want));

  test.each(malformed)("refuses %s", (_, body) => {
    expect(() => read(body)).toThrow("malformed request: failed to parse JSON for /v1/embeddings: ");
    expect(() => read(body)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  test("reads settings, messages and what only Cohere knows", () => {
    const messages = [{ role: "user", content: "A" }];
    const settings = {
      dimensions: 64,
      task_type: "T",
      title: "N",
      auto_truncate: false,
      encoding_format: "base64",
      input_type: "clustering",
    };
    expect(read({ messages, ...settings })).toEqual({
      model: "m",
      inputs: [],
      messages: [{ role: "user", parts: [{ type: "text", text: "A" }] }],
      encoding: "base64",
      dimensions: 64,
      task: "T",
      title: "N",
      truncate: false,
      extras: { cohere: { input_type: "clustering" } },
    });
  });

  test("writes floats as they are", () => {
    expect(JSON.parse(writeResponse(response, read({ input: "A" }), context))).toEqual({
      object: "list",
      model: "m",
      data: [
        { object: "embedding", index: 0, embedding: [0.25, -0.5, 1] },
        { object: "embedding", index: 1, embedding: [2], truncated: true },
      ],
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
  });

  test("writes base64 of little-endian floats, as OpenAI's SDKs decode it", () => {
    const body = JSON.parse(
      writeResponse(response, read({ input: "A", encoding_format: "base64" }), context),
    );
    const bytes = Buffer.from(body.data[0].embedding, "base64");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect([0, 4, 8].map((offset) => view.getFloat32(offset, true))).toEqual([0.25, -0.5, 1]);
    expect(bytes.length).toBe(12);
  });
});
