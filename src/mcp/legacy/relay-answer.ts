import type { Clock } from "../backends/clock.ts";
import { BackendFailure, type BackendMessage, type MessageReader } from "../backends/connection.ts";
import type { PreparedBackend } from "../prepare.ts";
import { type RpcResponse, readServerMessage } from "../rpc/read-message.ts";
import type { SessionVisit } from "../server.ts";
import { callOf, type ReadAnswer } from "./call-backend.ts";
import { postBackSoon } from "./post-back.ts";
import { translateServerMessage } from "./server-message.ts";

export interface RelayOptions {
  /** Of the request that is answered; `id` is how the backend knows it. */
  readonly id: string | number;
  readonly clock: Clock;
  /** Takes what the backend says before it answers, and the id of its event. Resolves when there is room for more. */
  readonly relay: (message: Uint8Array, eventId: string | undefined) => Promise<void> | undefined;
}

const defaultRetryMs = 1_000;
const minRetryMs = 20;
const maxRetryMs = 30_000;

/**
 * Reads until the answer to one request. What comes before it goes on to the client; answers to anything else are
 * dropped. A server may close a stream that has ids and wait to be asked for the rest; then it is asked.
 * Rejects with `BackendFailure` where no answer comes.
 */
export async function readAnswer(
  visit: SessionVisit,
  backend: PreparedBackend,
  { answer, first }: ReadAnswer,
  options: RelayOptions,
): Promise<RpcResponse> {
  let messages = answer.messages;
  if (first !== undefined) {
    const found = await take(visit, backend, first, options);
    if (found !== undefined) return found;
  }
  for (let resumptions = 0; ; resumptions++) {
    const found = await readUntil(visit, backend, messages, options);
    if (found !== undefined) return found;
    const next = await resume(visit, backend, messages, options, resumptions);
    if (next === undefined) throw new BackendFailure("reset", "closed the stream before answering");
    messages = next;
  }
}

/** The answer, or `undefined` at the end of the messages or where a stream with ids broke off. */
async function readUntil(
  visit: SessionVisit,
  backend: PreparedBackend,
  messages: MessageReader,
  options: RelayOptions,
): Promise<RpcResponse | undefined> {
  try {
    for (;;) {
      const message = await messages.next();
      if (message === undefined) return undefined;
      const found = await take(visit, backend, message, options);
      if (found === undefined) continue;
      messages.cancel();
      return found;
    }
  } catch (error) {
    const isResumable = messages.lastEventId !== undefined && !options.clock.signal.aborted;
    if (isResumable && error instanceof BackendFailure && error.kind === "reset") return undefined;
    throw error;
  }
}

async function take(
  visit: SessionVisit,
  backend: PreparedBackend,
  { bytes, eventId }: BackendMessage,
  { id, relay }: RelayOptions,
): Promise<RpcResponse | undefined> {
  const message = readServerMessage(bytes);
  if (message === undefined) {
    visit.server.log.warn("an MCP server sent something that is no message", { backend: backend.name });
    return undefined;
  }
  if (message.kind === "response") return message.id === id ? message : undefined;
  const translated = translateServerMessage(visit, backend, message);
  if (translated.type === "answer") postBackSoon(visit, backend, translated.bytes);
  else await relay(translated.bytes, eventId);
  return undefined;
}

/** The rest of a stream, if the server can go on with it. */
async function resume(
  visit: SessionVisit,
  backend: PreparedBackend,
  { lastEventId, retryMs }: MessageReader,
  { clock }: RelayOptions,
  resumptions: number,
): Promise<MessageReader | undefined> {
  const session = visit.session.backend(backend.name);
  if (lastEventId === undefined || session === undefined) return undefined;
  const wantedMs = retryMs ?? defaultRetryMs * 2 ** Math.min(resumptions, 5);
  const waitMs = Math.min(maxRetryMs, Math.max(minRetryMs, wantedMs));
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  if (clock.signal.aborted) throw clock.signal.reason;
  const answer = await backend.connection.listen({ ...callOf(visit, backend, session, clock), lastEventId });
  if (answer !== undefined && answer.status < 300) return answer.messages;
  answer?.messages.cancel();
  return undefined;
}
