import type { BackendDialect } from "../dialect.ts";
import { readError } from "./errors.ts";
import type { AnthropicHost } from "./hosts.ts";
import { MessageReader, readMessage } from "./read-answer.ts";
import { repairs, writeRequest } from "./write-request.ts";

/** Claude in its own API, at Anthropic, on Vertex AI or on Bedrock. */
export const anthropicBackend: BackendDialect<AnthropicHost> = {
  writeRequest,
  repairs,
  readResponse: (text, _context, emit) => readMessage(text, emit),
  streamReader: () => new MessageReader(),
  readError,
};
