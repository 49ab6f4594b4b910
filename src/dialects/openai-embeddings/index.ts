import type { IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";
import { writeError } from "../openai-chat/errors.ts";
import type { WholeClient } from "../whole.ts";
import { readRequest } from "./read-request.ts";
import { writeResponse } from "./write-response.ts";

/** Clients of OpenAI's embeddings. */
export const openaiEmbeddingsClient: WholeClient<IrEmbedRequest, IrEmbedResponse> = {
  readRequest,
  writeResponse,
  writeError,
  meter({ model, usage }, meter) {
    if (model) meter.model(model);
    if (usage !== undefined) meter.usage(usage);
  },
};
