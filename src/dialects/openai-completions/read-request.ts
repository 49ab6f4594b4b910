import type { IrRequest } from "../ir/request.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { readSampling } from "../openai-chat/read-request.ts";
import type { ClientRequest } from "../passage.ts";
import { arrayOf, textOf } from "../wire/exact-json.ts";
import { asObject, booleanIn, integerIn, malformed, meaningless, readBody, textIn } from "../wire/grammar.ts";

/**
 * Reads a request of OpenAI's old completions API for backends that only chat: the prompt is what the user says.
 * What a chat cannot do with a prompt is refused.
 */
export function readRequest(request: ClientRequest): IrRequest {
  return readBody("/v1/completions", () => readCompletion(asObject(request.json as Json), request));
}

function readCompletion(body: JsonObject, { model, isStream, wantsUsage }: ClientRequest): IrRequest {
  refuseUnsayable(body);
  return {
    model,
    isStream,
    wantsUsage,
    messages: [{ role: "user", parts: [{ type: "text", text: readPrompt(body["prompt"]) }] }],
    tools: [],
    // `logprobs` is a number here, and refused.
    sampling: readSampling({ ...body, logprobs: null }),
    maxOutputTokens: integerIn(body, "max_tokens"),
    user: textIn(body, "user"),
    extras: {},
  };
}

/** One prompt, which may stand in a list. */
function readPrompt(prompt: Json | undefined): string {
  const prompts = arrayOf(prompt);
  const text = textOf(prompts === undefined ? prompt : prompts[0]);
  if (text !== undefined && text !== "" && (prompts === undefined || prompts.length === 1)) return text;
  if (prompts !== undefined && prompts.length > 1 && text !== undefined)
    return meaningless(
      "prompt",
      "this model chats, so it takes one prompt a request; send one request for each",
    );
  if (prompts?.some((item) => typeof item === "number" || arrayOf(item) !== undefined))
    return meaningless("prompt", "this model has tokens of its own; send the prompt as text");
  if (prompt === undefined || prompt === null || text === "" || prompts?.length === 0)
    return meaningless("prompt", "this model chats, so it needs a prompt that says something");
  return malformed("prompt", "must be a string or an array");
}

function refuseUnsayable(body: JsonObject): void {
  if ((textIn(body, "suffix") ?? "") !== "")
    meaningless("suffix", "this model chats, so it cannot write in front of something");
  if (booleanIn(body, "echo") === true)
    meaningless("echo", "this model chats, so an answer has no prompt in it");
  if ((integerIn(body, "best_of") ?? 1) > 1) meaningless("best_of", "this model gives the answers it makes");
  if (integerIn(body, "logprobs") !== undefined)
    meaningless("logprobs", "this model tells no probabilities of its tokens in this API");
}
