import type { PreparedBackend } from "../prepare.ts";
import type { SessionVisit } from "../server.ts";
import { describeFailure } from "../telemetry/observer.ts";
import { callBackend } from "./call-backend.ts";

/** Longest wait for a backend to take what nobody expects an answer to. */
const maxMs = 5_000;

/** Sends a notification or an answer to a backend. Rejects with `RpcError` if it was not taken. */
export async function postBack(
  visit: SessionVisit,
  backend: PreparedBackend,
  message: Uint8Array,
): Promise<void> {
  const clock = visit.server.clocks.start({ totalMs: maxMs, idleMs: 0 });
  try {
    const { answer } = await callBackend(visit, backend, message, clock);
    answer.messages.cancel();
  } finally {
    clock.stop();
  }
}

/** The same, where nobody waits to hear how it went. */
export function postBackSoon(visit: SessionVisit, backend: PreparedBackend, message: Uint8Array): void {
  postBack(visit, backend, message).catch((error: unknown) => {
    visit.server.log.debug("an MCP server did not take a message", {
      backend: backend.name,
      reason: describeFailure(error),
    });
  });
}
