import { asObject, isObject } from "../../../dialects/wire/json.ts";
import { listIn, numberIn, put, putText } from "../attributes.ts";
import { bodyOf, putInput, putOutput, type Vocabulary } from "./common.ts";

/** https://docs.cohere.com/reference/rerank */
export const rerank: Vocabulary = {
  spanName: "Rerank",
  start(attributes, request, hide) {
    const body = bodyOf(request);
    attributes["openinference.span.kind"] = "RERANKER";
    attributes["llm.system"] = "cohere";
    attributes["reranker.model_name"] = request.model;
    put(attributes, "reranker.top_k", numberIn(body["top_n"]));
    putInput(attributes, request, hide.inputs);
    if (hide.inputs) return;
    putText(attributes, "reranker.query", body["query"]);
    for (const [index, document] of listIn(body["documents"]).entries()) {
      const text = isObject(document) ? document["text"] : document;
      putText(attributes, `reranker.input_documents.${index}.document.content`, text);
    }
  },
  end(attributes, { answer, settled }, hide) {
    const { inputTokens, outputTokens = 0 } = settled.usage;
    putOutput(attributes, answer.text, hide.outputs);
    if (inputTokens) attributes["llm.token_count.prompt"] = inputTokens;
    if (inputTokens) attributes["llm.token_count.total"] = inputTokens + outputTokens;
    if (hide.outputs) return;
    for (const [index, result] of listIn(answer.json?.["results"]).entries()) {
      const score = numberIn(asObject(result)?.["relevance_score"]);
      put(attributes, `reranker.output_documents.${index}.document.score`, score);
    }
  },
};
