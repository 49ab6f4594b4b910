import type { IrRequest } from "../ir/request.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { writeError } from "../openai-chat/errors.ts";
import { readMessage } from "../openai-chat/read-messages.ts";
import { readTools } from "../openai-chat/read-tools.ts";
import type { ClientRequest } from "../passage.ts";
import type { WholeClient } from "../whole.ts";
import { asObject, listIn, malformed, readBody, readEach, textIn } from "../wire/grammar.ts";

/** Clients of vLLM's `/tokenize`, as far as providers can answer it: they count, but do not tell the tokens. */
export const tokenizeClient: WholeClient<IrCountRequest, IrCountResponse> = {
  readRequest: (request) => readBody("/tokenize", () => read(asObject(request.json as Json), request)),
  writeResponse: ({ inputTokens }) => JSON.stringify({ count: inputTokens, max_model_len: 0, tokens: [] }),
  writeError,
  // Nothing was consumed.
  meter: () => {},
};

/** Options that only concern how vLLM tokenizes are nothing to a provider. */
function read(body: JsonObject, { model }: ClientRequest): IrCountRequest {
  const messages = listIn(body, "messages");
  const resolution = textIn(body, "media_resolution");
  const request: IrRequest = {
    model,
    isStream: false,
    wantsUsage: false,
    messages: messages === undefined ? [readPrompt(body)] : readEach("messages", messages, readMessage),
    tools: messages === undefined ? [] : readTools(body),
    sampling: {},
    extras:
      resolution === undefined ? {} : { google: { generationConfig: { media_resolution: resolution } } },
  };
  return { request, extras: {} };
}

function readPrompt(body: JsonObject): IrRequest["messages"][number] {
  const text = textIn(body, "prompt") ?? malformed("prompt", "is required");
  return { role: "user", parts: [{ type: "text", text }] };
}
