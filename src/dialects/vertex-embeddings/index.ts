import { ExchangeFailure } from "../../model/failure.ts";
import { readError } from "../gemini/errors.ts";
import { modelPath } from "../gemini/model-name.ts";
import { foreignHeaders } from "../gemini/request.ts";
import { type IrEmbedRequest, type IrEmbedResponse, joinVectors, splitInputs } from "../ir/small.ts";
import { Warnings } from "../ir/warnings.ts";
import type { WholeBackend } from "../whole.ts";
import { objectOf } from "../wire/exact-json.ts";
import { readEmbedding, writeEmbedContent } from "./embed-content.ts";
import { place } from "./place.ts";
import { readPredictions, writePredict } from "./predict.ts";

export { geminiHost as vertexEmbeddingsHost } from "../gemini/host.ts";

/** Embeddings of Vertex AI: `embedContent` for Gemini's newer models, `predict` for all others. */
export const vertexEmbeddings: WholeBackend<IrEmbedRequest, IrEmbedResponse> = {
  writeRequest(request, target) {
    const warnings = new Warnings();
    warnings.foreign(request.extras, "google", "Vertex AI");
    const isContent = embedsContent(target.model);
    const body = isContent ? writeEmbedContent(request, target.model) : writePredict(request);
    return {
      path: `${modelPath(target.model)}:${isContent ? "embedContent" : "predict"}`,
      set: [],
      remove: foreignHeaders(target.headers),
      body: JSON.stringify(body),
      warnings: warnings.list,
    };
  },
  split: (request, model) =>
    embedsContent(model) && request.messages === undefined ? splitInputs(request) : [request],
  merge: joinVectors,
  readResponse(text, context) {
    const body = objectOf(JSON.parse(text));
    if (body === undefined) throw new SyntaxError("an answer of Vertex AI is an object");
    return embedsContent(context.requestModel) ? readEmbedding(body) : readPredictions(body);
  },
  readError,
  reword: (failure) => new ExchangeFailure(failure.code, `${place}: ${failure.message}`, { cause: failure }),
};

/** The first model of Gemini's family still came with the older method. */
function embedsContent(model: string): boolean {
  return model.includes("gemini") && model.split("/").at(-1) !== "gemini-embedding-001";
}
