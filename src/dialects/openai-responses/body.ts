import type { JsonObject } from "../ir/values.ts";
import type { ClientRequest } from "../passage.ts";
import { readOnce } from "../read-request.ts";
import { arrayOf, hasOddNumber, objectOf, parseExact } from "../wire/exact-json.ts";
import { asObject, malformed } from "../wire/grammar.ts";

/** The body of a request. Parsed once, since the answer repeats much of it. */
export const bodyOf: (request: ClientRequest) => JsonObject = readOnce(exactBody);

/** Only schemas hold numbers whose text matters: arguments of tool calls are text themselves. */
function exactBody(request: ClientRequest): JsonObject {
  const body = objectOf(request.json) ?? malformed("", "must be an object");
  if (arrayOf(body["tools"]) === undefined && objectOf(body["text"]) === undefined) return body;
  const text = new TextDecoder().decode(request.bytes);
  return hasOddNumber(text) ? asObject(parseExact(text)) : body;
}
