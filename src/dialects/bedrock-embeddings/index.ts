import { type IrEmbedRequest, type IrEmbedResponse, joinVectors, splitInputs } from "../ir/small.ts";
import { Warnings } from "../ir/warnings.ts";
import type { WholeBackend } from "../whole.ts";
import { readAwsError } from "../wire/aws-errors.ts";
import { parseObject } from "../wire/exact-json.ts";
import { pathSegment } from "../wire/path.ts";
import { readCohere, writeCohere } from "./cohere.ts";
import { badAnswer, refuse } from "./shared.ts";
import { readTitan, writeTitan } from "./titan.ts";

export { converseHost as bedrockEmbeddingsHost } from "../converse/host.ts";

/** Embeddings of Amazon Titan and Cohere on Bedrock, each in its own API; ids that tell nothing are taken for Titan. */
export const bedrockEmbeddings: WholeBackend<IrEmbedRequest, IrEmbedResponse> = {
  writeRequest(request, { model }) {
    if (request.messages !== undefined) refuse("messages", "Bedrock embeds texts, not conversations");
    const warnings = new Warnings();
    const body = isCohere(model) ? writeCohere(request, model, warnings) : writeTitan(request, warnings);
    return {
      path: `/model/${pathSegment(model)}/invoke`,
      set: [],
      remove: [],
      body: JSON.stringify(body),
      warnings: warnings.list,
    };
  },

  split: (request, model) => (isCohere(model) ? [request] : splitInputs(request)),
  merge: joinVectors,

  readResponse(text, { answerHeaders }) {
    const body = parseObject(text);
    if (body === undefined) throw badAnswer();
    return "embeddings" in body ? readCohere(body, answerHeaders) : readTitan(body);
  },

  /** JSON without the type of the error goes on as it came: so do clients of the reference know it. */
  readError(answer) {
    const isUntyped = !answer.headers.get("x-amzn-errortype") && parseObject(answer.text) !== undefined;
    return isUntyped ? undefined : readAwsError(answer);
  },
};

function isCohere(model: string): boolean {
  return model.includes("cohere.embed");
}
