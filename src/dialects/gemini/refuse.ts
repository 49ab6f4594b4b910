import { ExchangeFailure } from "../../model/failure.ts";

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
  | "invalid generation configs: invalid reasoning effort";

/** Throws a 422: the request says something that Gemini cannot be told. */
export function refuse(place: Place, reason: string): never {
  throw new ExchangeFailure("untranslatable", `${place}: invalid request body: ${reason}`);
}
