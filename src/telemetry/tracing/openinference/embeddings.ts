import { Buffer } from "node:buffer";
import { asString, isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import { type Attributes, listIn, putText } from "../attributes.ts";
import { bodyOf, putInput, putOutput, type Vocabulary } from "./common.ts";
import { putParameters } from "./parameters.ts";

/** https://platform.openai.com/docs/api-reference/embeddings */
export const embeddings: Vocabulary = {
  spanName: "CreateEmbeddings",
  start(attributes, request, hide) {
    const body = bodyOf(request);
    attributes["openinference.span.kind"] = "EMBEDDING";
    putInput(attributes, request, hide.embeddingTexts);
    const parameters: { [member: string]: unknown } = {};
    for (const member of ["model", "encoding_format", "dimensions", "user"])
      if (body[member] !== undefined) parameters[member] = body[member];
    putParameters(attributes, parameters, [], hide, "embedding.invocation_parameters");
    if (hide.embeddingTexts) return;
    for (const [index, text] of textsOf(body).entries())
      putText(attributes, `embedding.embeddings.${index}.embedding.text`, text);
  },
  end(attributes, { answer, settled }, hide) {
    const { inputTokens, totalTokens = inputTokens } = settled.usage;
    putText(attributes, "embedding.model_name", asString(answer.json?.["model"]) || settled.responseModel);
    putOutput(attributes, answer.text, hide.embeddingVectors);
    if (inputTokens) attributes["llm.token_count.prompt"] = inputTokens;
    if (totalTokens) attributes["llm.token_count.total"] = totalTokens;
    if (!hide.embeddingVectors) putVectors(attributes, answer.json?.["data"]);
  },
};

/** Tokens have no text. Of a conversation the user's words count. */
function textsOf(body: JsonObject): readonly unknown[] {
  const { input } = body;
  if (typeof input === "string") return [input];
  if (Array.isArray(input))
    return input.map((one) => (isObject(one) ? (one["content"] ?? one["text"]) : one));
  if (isObject(input)) return [input["content"] ?? input["text"]];
  return listIn(body["messages"])
    .filter((message): message is JsonObject => isObject(message) && message["role"] === "user")
    .map(({ content }) => content);
}

function putVectors(attributes: Attributes, data: unknown): void {
  for (const [index, entry] of listIn(data).entries()) {
    const vector = isObject(entry) ? vectorOf(entry["embedding"]) : undefined;
    if (vector !== undefined) attributes[`embedding.embeddings.${index}.embedding.vector`] = vector;
  }
}

/** In base64 it is a row of little-endian 32-bit floats. */
function vectorOf(embedding: unknown): number[] | undefined {
  if (Array.isArray(embedding)) return embedding.filter((value) => typeof value === "number");
  if (typeof embedding !== "string") return undefined;
  const bytes = Buffer.from(embedding, "base64");
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(index * 4));
}
