import type { Logger } from "../telemetry/logger.ts";
import type { Caller } from "./access/access.ts";
import type { Clocks } from "./backends/clock.ts";
import type { ParkedCalls } from "./modern/legacy-call.ts";
import type { LegacyPool } from "./modern/legacy-pool.ts";
import type { PreparedRoute } from "./prepare.ts";
import type { KeyRing } from "./session/key-ring.ts";
import type { SealedIds } from "./session/sealed-ids.ts";
import type { Session } from "./session/session.ts";
import type { Sessions } from "./session/sessions.ts";
import type { Observer } from "./telemetry/observer.ts";

/** What all routes share, for the life of the process. */
export interface McpServer {
  readonly name: string;
  readonly version: string;
  readonly log: Logger;
  readonly keys: KeyRing;
  readonly sessions: Sessions;
  readonly sealedIds: SealedIds;
  readonly clocks: Clocks;
  /** Sessions with legacy backends for clients that have none. */
  readonly pool: LegacyPool;
  readonly parked: ParkedCalls;
  /** Ends of streams that would never end by themselves. */
  readonly streams: Set<() => void>;
}

/** One HTTP request of a client that its route has let in. */
export interface Visit {
  readonly server: McpServer;
  readonly route: PreparedRoute;
  readonly request: Request;
  readonly caller: Caller;
  readonly observer: Observer;
}

/** A visit that belongs to a session. */
export interface SessionVisit extends Visit {
  readonly session: Session;
}
