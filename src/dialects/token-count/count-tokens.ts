import { writeError } from "../anthropic/errors.ts";
import { readCountRequest } from "../anthropic/read-request.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { WholeClient } from "../whole.ts";

/** Clients of Anthropic's `count_tokens`. */
export const countTokensClient: WholeClient<IrCountRequest, IrCountResponse> = {
  readRequest: (request) => ({ request: readCountRequest(request), extras: {} }),
  writeResponse: ({ inputTokens }) => JSON.stringify({ input_tokens: inputTokens }),
  writeError,
  meter: ({ inputTokens }, meter) => meter.usage({ inputTokens }),
};
