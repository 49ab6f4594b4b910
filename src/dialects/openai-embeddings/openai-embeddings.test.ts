import { describe, expect, test } from "bun:test";
import { ExchangeFailure } from "../../model/failure.ts";
import type { IrEmbedInput, IrEmbedRequest } from "../ir/small.ts";
import { clientRequest } from "../testing.ts";
import { openaiEmbeddingsClient } from "./index.ts";

const { readRequest, writeResponse } = openaiEmbeddingsClient;
const read = (body: object) => readRequest(clientRequest("embeddings", { model: "m", ...body }));

const inputs: { name: string; input: unknown; want: IrEmbedInput[] }[] = [
  { name: "a text", input: "a", want: [{ text: "a" }] },
  { name: "texts", input: ["a", "b"], want: [{ text: "a" }, { text: "b" }] },
  { name: "the tokens of a text", input: [1, 2], want: [{ tokens: [1, 2] }] },
  { name: "the tokens of several", input: [[1], [2, 3]], want: [{ tokens: [1] }, { tokens: [2, 3] }] },
  { name: "nothing", input: [], want: [] },
  {
    name: "an object with texts and what they are for",
    input: { content: ["a", "b"], task_type: "CLUSTERING", title: "T" },
    want: [
      { text: "a", task: "CLUSTERING", title: "T" },
      { text: "b", task: "CLUSTERING", title: "T" },
    ],
  },
  {
    name: "objects",
    input: [{ content: "a", task_type: "CLUSTERING" }, { content: "b" }],
    want: [{ text: "a", task: "CLUSTERING" }, { text: "b" }],
  },
];

const malformed: { name: string; body: object }[] = [
  { name: "a number", body: { input: 1 } },
  { name: "numbers that are not whole", body: { input: [1.5] } },
  { name: "a list of kinds that do not go together", body: { input: [true] } },
  { name: "an object without content", body: { input: {} } },
  { name: "an object with empty content", body: { input: { content: [] } } },
  { name: "an encoding that nobody knows", body: { input: "a", encoding_format: "hex" } },
];

describe("openaiEmbeddingsClient", () => {
  test.each(inputs)("reads $name", ({ input, want }) => {
    expect(read({ input }).inputs).toEqual(want);
  });

  test.each(malformed)("refuses $name as malformed", ({ body }) => {
    const refused = () => read(body);
    expect(refused).toThrow(ExchangeFailure);
    expect(refused).toThrow(/^malformed request: failed to parse JSON for \/v1\/embeddings: /);
  });

  test("reads what is said beside the input", () => {
    const request = read({
      input: "a",
      dimensions: 8,
      encoding_format: "base64",
      task_type: "CLUSTERING",
      title: "T",
      auto_truncate: false,
      input_type: "search_query",
    });
    expect(request).toMatchObject({
      dimensions: 8,
      encoding: "base64",
      task: "CLUSTERING",
      title: "T",
      truncate: false,
      extras: { cohere: { input_type: "search_query" } },
    });
  });

  const question = (encoding: IrEmbedRequest["encoding"]): IrEmbedRequest => ({
    model: "m",
    inputs: [],
    encoding,
    extras: {},
  });

  test("writes vectors as numbers, with counts that are known", () => {
    const answer = { vectors: [{ values: [0.25, -1] }, { values: [1], isTruncated: true }] };
    expect(
      JSON.parse(writeResponse({ ...answer, usage: { inputTokens: 3 } }, question("float"), "m2")),
    ).toEqual({
      object: "list",
      model: "m2",
      data: [
        { object: "embedding", index: 0, embedding: [0.25, -1] },
        { object: "embedding", index: 1, embedding: [1], truncated: true },
      ],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
    expect(writeResponse(answer, question("float"), "m2")).not.toContain("usage");
  });

  test("writes vectors in base64 as OpenAI's SDK decodes them", () => {
    const written = writeResponse({ vectors: [{ values: [0.25, -0.5, 1] }] }, question("base64"), "m");
    const bytes = Buffer.from(JSON.parse(written).data[0].embedding, "base64");
    const floats = new Float32Array(bytes.buffer, bytes.byteOffset, 3);
    expect([...floats]).toEqual([0.25, -0.5, 1]);
  });
});
