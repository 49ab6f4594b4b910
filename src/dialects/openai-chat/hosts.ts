import type { BackendTarget, Host } from "../dialect.ts";
import { belowPrefix, pathSegment } from "../wire/path.ts";
import { SseReader } from "../wire/sse.ts";

/** Where chat completions are spoken: OpenAI and everything compatible, or a deployment of Azure's. */
export interface ChatHost extends Host {
  path(target: BackendTarget): string;
}

export const openaiHost: ChatHost = {
  path: belowPrefix("chat/completions"),
  frames: () => new SseReader(),
};

export const azureHost: ChatHost = {
  path: ({ model, schema }) => {
    const version = encodeURIComponent(schema.version ?? "");
    return `/openai/deployments/${pathSegment(model)}/chat/completions?api-version=${version}`;
  },
  frames: () => new SseReader(),
};
