import { writeError } from "../anthropic/errors.ts";
import { exactBody, readCountRequest } from "../anthropic/read-request.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { WholeClient } from "../whole.ts";

/** Clients of Anthropic's `count_tokens`. The body goes along as it is, for hosts of Claude that count it themselves. */
export const countTokensClient: WholeClient<IrCountRequest, IrCountResponse> = {
  readRequest: (request) => ({
    request: readCountRequest(request),
    extras: { anthropic: exactBody(request) },
  }),
  writeResponse: ({ inputTokens }) => JSON.stringify({ input_tokens: inputTokens }),
  writeError,
  meter: ({ inputTokens }, meter) => meter.usage({ inputTokens }),
};
