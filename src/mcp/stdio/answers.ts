import { encodeText } from "../../dialects/wire/text.ts";
import type { BackendAnswer, MessageReader } from "../backends/connection.ts";
import { messagesOf } from "../backends/messages-of.ts";

/** Answers in the words of HTTP, for a server that does not speak it. */
export function answerWith(messages: MessageReader, sessionId?: string): BackendAnswer {
  return { status: 200, sessionId, retryAfterMs: undefined, isStream: true, messages };
}

/** What is answered here, without the child. */
export function answerHere(idText: string, resultText: string, sessionId?: string): BackendAnswer {
  const bytes = encodeText(`{"jsonrpc":"2.0","id":${idText},"result":${resultText}}`);
  return { ...answerWith(messagesOf(bytes), sessionId), isStream: false };
}

/** For what has no answer. */
export function accepted(): BackendAnswer {
  return { ...answerWith(messagesOf()), status: 202, isStream: false };
}

/** A session that is not there any more. */
export function gone(): BackendAnswer {
  return { ...answerWith(messagesOf()), status: 404, isStream: false };
}

/** To a child that asks something that it cannot be told. */
export function refusal(idText: string, method: string): Uint8Array {
  const message = `${method} cannot be asked here: several clients share this server`;
  const error = { code: -32601, message };
  return encodeText(`{"jsonrpc":"2.0","id":${idText},"error":${JSON.stringify(error)}}`);
}

export function pong(idText: string): Uint8Array {
  return encodeText(`{"jsonrpc":"2.0","id":${idText},"result":{}}`);
}
