import { ExchangeFailure } from "../../model/failure.ts";
import type { ClientRequest } from "../passage.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";

/** Where in the request the trouble is, in the words that clients of the reference match. */
export type Place =
  | "invalid developer message"
  | "invalid system message"
  | "invalid user message"
  | "invalid tool message"
  | "invalid assistant message"
  | "invalid tools"
  | "invalid tool configs"
  | "invalid generation configs"
  | "invalid generation configs: invalid reasoning effort"
  | "error converting EmbeddingRequest";

/** Throws a 422: the request says something that Gemini cannot be told. */
export function refuse(place: Place, reason: string): never {
  throw new ExchangeFailure("untranslatable", `${place}: invalid request body: ${reason}`);
}

const usualWords = "invalid request body: ";

/** Puts the place in front of what the reader of the client's body found, as `refuse` does. */
export function reword(failure: ExchangeFailure, request: ClientRequest): ExchangeFailure {
  if (!failure.message.startsWith(usualWords)) return failure;
  const place = placeOf(failure.message.slice(usualWords.length), objectOf(request.json)?.["messages"]);
  return new ExchangeFailure(failure.code, `${place}: ${failure.message}`, { cause: failure });
}

/** `found` begins with a path: `messages[2].content: …`. */
function placeOf(found: string, messages: unknown): string {
  const index = /^messages\[(\d+)\]/.exec(found)?.[1];
  if (index !== undefined) {
    const role = textOf(objectOf(arrayOf(messages)?.[Number(index)])?.["role"]);
    return `invalid ${role ?? "user"} message`;
  }
  if (found.startsWith("tool_choice")) return "invalid tool configs";
  return found.startsWith("tools") ? "invalid tools" : "invalid generation configs";
}
