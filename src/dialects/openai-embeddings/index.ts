import type { IrEmbedRequest, IrEmbedResponse } from "../ir/small.ts";
import { writeError } from "../openai-chat/errors.ts";
import type { WholeClient } from "../translate-whole.ts";
import { readRequest } from "./read-request.ts";
import { writeResponse } from "./write-response.ts";

/** Clients of OpenAI's embeddings. */
export const openaiEmbeddingsClient: WholeClient<IrEmbedRequest, IrEmbedResponse> = {
  readRequest,
  writeResponse,
  usageOf: ({ usage }) => usage,
  writeError: (error) => writeError(error, "body"),
};
