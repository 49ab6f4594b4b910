import type { Endpoint } from "./endpoint.ts";
import { checkList } from "./grammar.ts";
import { jsonEndpoint, neverStreams } from "./read-request.ts";

/** https://docs.cohere.com/v2/reference/rerank; documents may be text or objects. */
export const cohereEndpoints: readonly Endpoint[] = [
  jsonEndpoint({
    name: "rerank",
    family: "cohere",
    path: "/v2/rerank",
    operation: "rerank",
    understand(body) {
      checkList(body, "documents");
      return neverStreams;
    },
  }),
];
