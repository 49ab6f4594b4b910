import type { BackendAnswer, BackendMessage } from "../backends/connection.ts";
import type { PreparedBackend } from "../prepare.ts";
import type { SessionVisit } from "../server.ts";
import { describeFailure } from "../telemetry/observer.ts";
import { callOf, reopenLost } from "./call-backend.ts";

interface FollowOptions {
  readonly signal: AbortSignal;
  readonly lastEventId: string | undefined;
  readonly take: (message: BackendMessage) => Promise<void> | undefined;
}

const firstWaitMs = 1_000;
const maxWaitMs = 30_000;

/**
 * Reads a backend's own stream, and opens it again where it left off whenever it ends, ever more seldom while it cannot
 * be had. Ends when the signal says so, or when the backend has no such stream. Never rejects.
 */
export async function followBackend(
  visit: SessionVisit,
  backend: PreparedBackend,
  options: FollowOptions,
): Promise<void> {
  const { signal } = options;
  let { lastEventId } = options;
  let waitMs = firstWaitMs;
  while (!signal.aborted) {
    let retryMs: number | undefined;
    try {
      const stream = await open(visit, backend, signal, lastEventId);
      if (stream === undefined) return;
      if (stream.status < 300) {
        waitMs = firstWaitMs;
        await readAll(stream, options);
        lastEventId = stream.messages.lastEventId ?? lastEventId;
        retryMs = stream.messages.retryMs;
      }
    } catch (error) {
      if (signal.aborted) return;
      const fields = { backend: backend.name, reason: describeFailure(error) };
      visit.server.log.debug("the stream of an MCP server broke off", fields);
    }
    await pause(retryMs ?? jitter(waitMs), signal);
    waitMs = Math.min(maxWaitMs, waitMs * 1.5);
  }
}

async function open(
  visit: SessionVisit,
  backend: PreparedBackend,
  signal: AbortSignal,
  lastEventId: string | undefined,
): Promise<BackendAnswer | undefined> {
  const session = visit.session.backend(backend.name);
  if (session === undefined) return undefined;
  const call = { ...callOf(visit, backend, session, { signal, touch: () => {} }), lastEventId };
  const stream = await backend.connection.listen(call);
  if (stream === undefined || stream.status < 300) return stream;
  stream.messages.cancel();
  if (stream.status === 404 && session.sessionId !== undefined) await reopenLost(visit, backend, session);
  return stream.status === 401 || stream.status === 403 || stream.status === 501 ? undefined : stream;
}

async function readAll({ messages }: BackendAnswer, { take, signal }: FollowOptions): Promise<void> {
  const leave = () => messages.cancel();
  signal.addEventListener("abort", leave, { once: true });
  try {
    for (;;) {
      const message = await messages.next();
      if (message === undefined || signal.aborted) return;
      await take(message);
    }
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}

function jitter(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}
