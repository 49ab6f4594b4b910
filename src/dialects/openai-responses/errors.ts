import type { IrError } from "../ir/error.ts";
import type { JsonObject } from "../ir/values.ts";
import { writeError as writeChatError } from "../openai-chat/errors.ts";
import { EventLog } from "./event-log.ts";

/** Bodies are those of OpenAI's other APIs; in a stream an event says it. */
export function writeError(error: IrError, place: "body" | "stream"): string {
  return place === "body" ? writeChatError(error, place) : new EventLog().write("error", errorMembers(error));
}

/** SDKs read either form: OpenAI documents the flat one, and sends the other. */
export function errorMembers({ type, status, message }: IrError): JsonObject {
  const said = { code: String(status), message, param: null };
  return { ...said, error: { type, ...said } };
}
