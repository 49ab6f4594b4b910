import type { Endpoint } from "./endpoint.ts";
import { checkAnthropicMessages, readFlag } from "./grammar.ts";
import { jsonEndpoint, neverStreams } from "./read-request.ts";

const family = "anthropic";

/** https://docs.anthropic.com/en/api/messages */
export const anthropicEndpoints: readonly Endpoint[] = [
  jsonEndpoint({
    name: "messages",
    family,
    path: "/v1/messages",
    operation: "messages",
    understand(body) {
      checkAnthropicMessages(body["messages"]);
      return { isStream: readFlag(body, "stream"), wantsUsage: true };
    },
  }),
  jsonEndpoint({
    name: "count-tokens",
    family,
    path: "/v1/messages/count_tokens",
    operation: "count_tokens",
    understand(body) {
      checkAnthropicMessages(body["messages"]);
      return neverStreams;
    },
  }),
];
