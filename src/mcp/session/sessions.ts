import { createHash, randomBytes } from "node:crypto";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import type { KeyRing } from "./key-ring.ts";
import { Session } from "./session.ts";
import { readFacts, type SessionFacts, writeFacts } from "./token.ts";

export interface SessionsOptions {
  readonly keys: KeyRing;
  readonly now?: () => number;
  /** Longer ids would not fit into the headers that clients and proxies accept: those sessions stay in memory. */
  readonly maxTokenBytes?: number;
  /** Sessions that are remembered; a session that is forgotten goes on by its token. */
  readonly maxKnown?: number;
}

/** Of ids that are only a name for what this process holds. */
const heldPrefix = "held-";
/** Which session was used last does not matter to the moment. */
const touchEveryMs = 1000;
const maxIdLength = 16 * 1024;
/** Sessions that were ended by their clients are refused until they would have ended by themselves. */
const maxRevoked = 100_000;

/** Makes sessions and finds them again by what clients show. */
export class Sessions {
  readonly #keys: KeyRing;
  readonly #now: () => number;
  readonly #maxTokenBytes: number;
  readonly #maxKnown: number;
  /** About in the order of their last use, by token. */
  readonly #known = new Map<string, Session>();
  readonly #held = new Map<string, SessionFacts>();
  readonly #revoked = new Map<string, number>();

  constructor({ keys, now = Date.now, maxTokenBytes = 6144, maxKnown = 10_000 }: SessionsOptions) {
    this.#keys = keys;
    this.#now = now;
    this.#maxTokenBytes = maxTokenBytes;
    this.#maxKnown = maxKnown;
  }

  create(route: string, facts: SessionFacts): Session {
    const token = this.#keys.seal(writeFacts(facts), "session", route);
    if (token.length <= this.#maxTokenBytes) return this.#remember(route, token, facts);
    const name = heldPrefix + randomBytes(24).toString("base64url");
    this.#held.set(`${route} ${name}`, facts);
    if (this.#held.size > this.#maxKnown) this.#held.delete(this.#held.keys().next().value ?? "");
    return this.#remember(route, name, facts);
  }

  /**
   * The session that `id` names on this route for this principal. Throws `RpcError`: 404 for what is unknown, expired,
   * ended, or somebody else's, which all look the same; 400 for what never was an id.
   */
  find(route: string, id: string | null, principal: string | undefined): Session {
    if (id === null) throw new RpcError(rpcCodes.refused, "Mcp-Session-Id required", { status: 400 });
    const session = this.#known.get(id) ?? this.#read(route, id);
    const { facts } = session;
    const now = this.#now();
    const isOver = facts.expiresAtMs <= now || this.#revoked.has(session.digest);
    if (isOver || session.route !== route || facts.principal !== digestOf(principal)) throw notFound();
    if (now - session.usedAtMs >= touchEveryMs) this.#touch(session, now);
    return session;
  }

  /** The session does not open here any more. */
  revoke(session: Session): void {
    this.#known.delete(session.token);
    this.#held.delete(`${session.route} ${session.token}`);
    this.#revoked.set(session.digest, session.facts.expiresAtMs);
    if (this.#revoked.size > maxRevoked) this.#forgetRevoked();
  }

  /** Sessions that have something going on, or had lately: of one route or of all. */
  known(route?: string): Session[] {
    return [...this.#known.values()].filter((session) => route === undefined || session.route === route);
  }

  #read(route: string, id: string): Session {
    const held = id.startsWith(heldPrefix) ? this.#held.get(`${route} ${id}`) : undefined;
    if (held !== undefined) return this.#remember(route, id, held);
    const opened = id.length > maxIdLength ? "malformed" : this.#keys.open(id, "session", route);
    if (opened === "malformed") {
      if (id.startsWith(heldPrefix)) throw notFound();
      throw new RpcError(rpcCodes.refused, "Mcp-Session-Id is not a session id", { status: 400 });
    }
    const facts = opened === undefined ? undefined : readFacts(opened);
    if (facts === undefined) throw notFound();
    return this.#remember(route, id, facts);
  }

  #remember(route: string, token: string, facts: SessionFacts): Session {
    const session = new Session(
      route,
      token,
      createHash("sha256").update(token).digest("base64url").slice(0, 22),
      facts,
    );
    this.#known.set(token, session);
    if (this.#known.size > this.#maxKnown) this.#forgetOldest();
    return session;
  }

  #touch(session: Session, now: number): void {
    session.usedAtMs = now;
    this.#known.delete(session.token);
    this.#known.set(session.token, session);
  }

  /** The one that was idle longest; sessions in use stay, however old. */
  #forgetOldest(): void {
    for (const [key, session] of this.#known) {
      if (!session.isIdle) continue;
      this.#known.delete(key);
      return;
    }
  }

  #forgetRevoked(): void {
    const now = this.#now();
    for (const [digest, expiresAtMs] of this.#revoked) {
      if (expiresAtMs <= now || this.#revoked.size > maxRevoked) this.#revoked.delete(digest);
    }
  }
}

function notFound(): RpcError {
  return new RpcError(rpcCodes.gone, "Session not found", { status: 404 });
}

/** What a token says of its owner. Who reads a token learns no names from it, and it stays short. */
export function digestOf(principal: string | undefined): string | undefined {
  if (principal === undefined) return undefined;
  return createHash("sha256").update(principal).digest("base64url").slice(0, 22);
}
