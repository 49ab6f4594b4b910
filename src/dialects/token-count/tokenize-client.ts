import type { IrRequest } from "../ir/request.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { writeError } from "../openai-chat/errors.ts";
import { readRequest as readChat } from "../openai-chat/read-request.ts";
import type { ClientRequest } from "../passage.ts";
import type { WholeClient } from "../translate-whole.ts";
import { asObject, malformed, neededText, readBody } from "../wire/grammar.ts";

/**
 * Clients of vLLM's tokenize, who get the count only: providers do not tell their tokens. Options that are about the
 * tokens mean nothing then. A count that is no answer is nothing used.
 */
export const tokenizeClient: WholeClient<IrCountRequest, IrCountResponse> = {
  readRequest: (request) => ({ request: readQuestion(request), extras: {} }),
  writeResponse: ({ inputTokens }) => JSON.stringify({ count: inputTokens, max_model_len: 0, tokens: [] }),
  usageOf: () => undefined,
  writeError: (error) => writeError(error, "body"),
};

/** Either a conversation or a prompt, which is one thing that the user says. */
function readQuestion(request: ClientRequest): IrRequest {
  const prompt = readBody("/tokenize", () => readPrompt(asObject(request.json as Json)));
  if (prompt === undefined) return readChat(request);
  return {
    model: request.model,
    isStream: false,
    wantsUsage: false,
    messages: [{ role: "user", parts: [{ type: "text", text: prompt }] }],
    tools: [],
    sampling: {},
    extras: {},
  };
}

function readPrompt(body: JsonObject): string | undefined {
  const { messages = null, prompt = null } = body;
  if (messages !== null && prompt !== null) return malformed("", "prompt and messages cannot both be set");
  return messages === null ? neededText(body, "prompt") : undefined;
}
