import type { ClientDialect } from "../dialect.ts";
import { writeError } from "./errors.ts";
import { readRequest } from "./read-request.ts";
import { MessageStreamWriter } from "./stream-writer.ts";
import { writeResponse } from "./write-response.ts";

/** Clients of Anthropic's Messages API. */
export const anthropicClient: ClientDialect = {
  needsOrder: true,
  readRequest,
  writeResponse,
  streamWriter: (context) => new MessageStreamWriter(context),
  writeError,
};
