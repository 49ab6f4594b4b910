import type { BackendTarget, Host } from "../dialect.ts";
import { prefixedPath } from "../wire/path.ts";
import { SseReader } from "../wire/sse.ts";

/** Where the responses API is spoken: OpenAI and compatible servers, or Azure. */
export interface ResponsesHost extends Host {
  path(target: BackendTarget): string;
}

export const openaiResponsesHost: ResponsesHost = {
  path: ({ schema }) => prefixedPath(schema.prefix, "responses"),
  frames: () => new SseReader(),
};

export const azureResponsesHost: ResponsesHost = {
  path: ({ schema }) => `/openai/responses?api-version=${encodeURIComponent(schema.version ?? "")}`,
  frames: () => new SseReader(),
};
