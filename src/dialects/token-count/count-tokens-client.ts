import { writeError } from "../anthropic/errors.ts";
import { exactBody, readRequest } from "../anthropic/read-request.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { WholeClient } from "../translate-whole.ts";

/** Clients of Anthropic's count_tokens. The body goes along as it is, for providers of Claude that count it themselves. */
export const countTokensClient: WholeClient<IrCountRequest, IrCountResponse> = {
  readRequest: (request) => ({ request: readRequest(request), extras: { anthropic: exactBody(request) } }),
  writeResponse: ({ inputTokens }) => JSON.stringify({ input_tokens: inputTokens }),
  usageOf: ({ inputTokens }) => ({ inputTokens }),
  writeError: (error) => writeError(error, "body"),
};
