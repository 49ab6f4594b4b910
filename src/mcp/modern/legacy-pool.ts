import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../dialects/wire/json.ts";
import { forwardedHeaders } from "../backends/forwarded-headers.ts";
import { latestLegacyVersion } from "../legacy/versions.ts";
import type { PreparedRoute } from "../prepare.ts";
import type { SessionVisit, Visit } from "../server.ts";
import { Session } from "../session/session.ts";
import { digestOf } from "../session/sessions.ts";

const idleMs = 10 * 60_000;
const sweepEveryMs = 60_000;
const maxSessions = 1000;

interface Pooled {
  readonly session: Session;
  route: PreparedRoute;
  usedAt: number;
}

/**
 * Sessions with legacy backends that the gateway holds for clients who have none. Clients share one only if no backend
 * could tell them apart anyway: same route, principal, forwarded headers and abilities.
 */
export class LegacyPool {
  /** In the order of their last use. */
  readonly #sessions = new Map<string, Pooled>();
  #timer: ReturnType<typeof setInterval> | undefined;

  visit(visit: Visit, capabilities: JsonObject): SessionVisit {
    const headers = visit.route.backends.map((backend) => forwardedHeaders(visit, backend));
    const key = JSON.stringify([
      visit.route.route.key,
      visit.caller.principal ?? null,
      headers,
      capabilities,
    ]);
    const pooled = this.#sessions.get(key) ?? {
      session: newSession(visit, capabilities),
      route: visit.route,
      usedAt: 0,
    };
    pooled.usedAt = performance.now();
    pooled.route = visit.route;
    this.#sessions.delete(key);
    this.#sessions.set(key, pooled);
    if (this.#sessions.size > maxSessions) this.#drop(this.#sessions.keys().next().value ?? "");
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#sweep(), sweepEveryMs);
      this.#timer.unref();
    }
    return { ...visit, session: pooled.session };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const key of [...this.#sessions.keys()]) this.#drop(key);
  }

  #sweep(): void {
    const before = performance.now() - idleMs;
    for (const [key, { usedAt }] of this.#sessions) if (usedAt < before) this.#drop(key);
  }

  #drop(key: string): void {
    const pooled = this.#sessions.get(key);
    this.#sessions.delete(key);
    if (pooled !== undefined) endBackendSessions(pooled.session, pooled.route);
  }
}

/** A session of its own, for what cannot be shared. */
export function newSession(visit: Visit, capabilities: JsonObject): Session {
  const { server, route, caller } = visit;
  const id = randomUUID();
  return new Session(route.route.key, id, id, {
    issuedAtMs: Date.now(),
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    protocolVersion: latestLegacyVersion,
    principal: digestOf(caller.principal),
    capabilities,
    clientInfo: { name: server.name, version: server.version },
    backends: [],
  });
}

/** Tells backends that a session is over; what they make of it is theirs. */
export function endBackendSessions(session: Session, route: PreparedRoute): void {
  for (const { name, sessionId, protocolVersion } of session.backends) {
    if (sessionId === undefined) continue;
    const call = { sessionId, protocolVersion, headers: [], signal: AbortSignal.timeout(5000) };
    route.byName
      .get(name)
      ?.connection.endSession(call)
      .catch(() => {});
  }
}
