import type { ClientDialect } from "../dialect.ts";
import { writeError } from "./errors.ts";
import { readRequest } from "./read-request.ts";
import { ChatStreamWriter } from "./stream-writer.ts";
import { writeResponse } from "./write-response.ts";

/** Clients of OpenAI's chat completions. */
export const openaiChatClient: ClientDialect = {
  needsOrder: false,
  readRequest,
  writeResponse,
  streamWriter: (context) => new ChatStreamWriter(context),
  writeError,
};
