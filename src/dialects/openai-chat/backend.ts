import type { BackendDialect } from "../dialect.ts";
import { readError } from "./errors.ts";
import type { ChatHost } from "./hosts.ts";
import { readResponse, streamReader } from "./read-answer.ts";
import { writeRequest } from "./write-request.ts";

/** OpenAI's chat completions, at OpenAI, at Azure and at everything compatible. */
export const openaiChatBackend: BackendDialect<ChatHost> = {
  writeRequest,
  readResponse,
  streamReader,
  readError,
};
