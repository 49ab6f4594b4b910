import type { ClientDialect } from "../dialect.ts";
import { writeError } from "../openai-chat/errors.ts";
import { readRequest } from "./read-request.ts";
import { CompletionStreamWriter, writeResponse } from "./write-answer.ts";

/** Clients of OpenAI's old completions API. */
export const openaiCompletionsClient: ClientDialect = {
  needsOrder: false,
  readRequest,
  writeResponse,
  streamWriter: (context) => new CompletionStreamWriter(context),
  writeError,
};
