import type { PreparedBackend } from "../prepare.ts";
import type { SessionVisit } from "../server.ts";
import type { BackendSession } from "../session/token.ts";
import { describeFailure } from "../telemetry/observer.ts";
import { callOf } from "./call-backend.ts";

const maxMs = 5_000;

/** Ends a session here and with all its backends. A backend that does not listen does not keep the client. */
export async function endSession(visit: SessionVisit): Promise<void> {
  const { server, session, route } = visit;
  server.sessions.revoke(session);
  session.closeStream?.();
  await Promise.all(
    session.backends.map((own) => {
      const backend = route.byName.get(own.name);
      return backend === undefined || own.sessionId === undefined ? undefined : endAt(visit, backend, own);
    }),
  );
}

async function endAt(visit: SessionVisit, backend: PreparedBackend, own: BackendSession): Promise<void> {
  const clock = visit.server.clocks.start({ totalMs: maxMs, idleMs: 0 });
  try {
    await backend.connection.endSession(callOf(visit, backend, own, clock));
  } catch (error) {
    const fields = { backend: backend.name, reason: describeFailure(error) };
    visit.server.log.debug("an MCP server did not end its session", fields);
  } finally {
    clock.stop();
  }
}
