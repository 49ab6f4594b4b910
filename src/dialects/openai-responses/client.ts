import type { ClientDialect } from "../dialect.ts";
import { writeError } from "./errors.ts";
import { readRequest } from "./read-request.ts";
import { ResponseStreamWriter } from "./stream-writer.ts";
import { writeResponse } from "./write-response.ts";

/** Clients of OpenAI's responses API. Several items may be open at a time. */
export const openaiResponsesClient: ClientDialect = {
  needsOrder: false,
  readRequest,
  writeResponse,
  streamWriter: (context) => new ResponseStreamWriter(context),
  writeError,
};
