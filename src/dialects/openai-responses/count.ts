import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { WholeClient } from "../whole.ts";
import { writeError } from "./errors.ts";
import { readCountRequest } from "./read-request.ts";

/** Clients that ask how many tokens an input has. */
export const inputTokensClient: WholeClient<IrCountRequest, IrCountResponse> = {
  readRequest: (request) => ({ request: readCountRequest(request), extras: {} }),
  writeResponse: ({ inputTokens }) =>
    JSON.stringify({ object: "response.input_tokens", input_tokens: inputTokens }),
  writeError,
  meter: ({ inputTokens }, meter) => meter.usage({ inputTokens }),
};
