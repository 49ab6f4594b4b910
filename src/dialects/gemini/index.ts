import type { BackendDialect } from "../dialect.ts";
import { readError } from "./errors.ts";
import { reword } from "./refuse.ts";
import { repairs } from "./repairs.ts";
import { writeRequest } from "./request.ts";
import { GeminiStreamReader, readResponse } from "./stream.ts";

export { geminiCount } from "./count.ts";
export { geminiHost } from "./host.ts";

/** `generateContent` of Vertex AI. */
export const gemini: BackendDialect = {
  writeRequest,
  reword,
  repairs,
  readResponse,
  streamReader: (context) => new GeminiStreamReader(context),
  readError,
};
