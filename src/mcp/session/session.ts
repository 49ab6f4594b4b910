import type { JsonObject } from "../../dialects/wire/json.ts";
import type { BackendSession, SessionFacts } from "./token.ts";

/** A client's request that is on its way to backends. */
export interface PendingRequest {
  /** The client does not want it any more. */
  cancel(notification: Uint8Array): void;
}

/**
 * One client's session as this process knows it: what its token says, and what came to be since.
 * Another replica has an object of its own for the same token; nothing but convenience is lost with it.
 */
export class Session {
  /** Key of the route that it belongs to. */
  readonly route: string;
  readonly token: string;
  /** About when it was used last. */
  usedAtMs = 0;
  /** Digest of the token, for logs and as a key elsewhere. */
  readonly digest: string;
  readonly facts: SessionFacts;
  /** By the id's text as the client wrote it. */
  readonly pending = new Map<string, PendingRequest>();
  /** The last level that the client asked for: the text of `logging/setLevel`'s message. */
  logLevel: Uint8Array | undefined;
  /** `resources/subscribe` messages as they were sent, by backend and URI. */
  readonly subscriptions = new Map<string, Map<string, Uint8Array>>();
  /** Ends the stream that the client listens on. */
  closeStream: (() => void) | undefined;
  /** Hands a message of the gateway's own to the client's stream, if there is one. */
  notify: ((message: Uint8Array) => void) | undefined;
  /** Backend sessions that are newer than the token. */
  readonly #overrides = new Map<string, BackendSession>();
  readonly #opening = new Map<string, Promise<BackendSession>>();

  constructor(route: string, token: string, digest: string, facts: SessionFacts) {
    this.route = route;
    this.token = token;
    this.digest = digest;
    this.facts = facts;
  }

  get capabilities(): JsonObject {
    return this.facts.capabilities;
  }

  get isIdle(): boolean {
    return this.pending.size === 0 && this.closeStream === undefined;
  }

  backend(name: string): BackendSession | undefined {
    return this.#overrides.get(name) ?? this.facts.backends.find((backend) => backend.name === name);
  }

  /** Opens a backend session for this client; whoever wants the same one meanwhile waits for it. */
  openBackend(name: string, open: () => Promise<BackendSession>): Promise<BackendSession> {
    const running = this.#opening.get(name);
    if (running !== undefined) return running;
    const opening = open()
      .then((opened) => {
        this.#overrides.set(name, opened);
        return opened;
      })
      .finally(() => this.#opening.delete(name));
    this.#opening.set(name, opening);
    return opening;
  }

  /** All backend sessions as they are now. */
  get backends(): readonly BackendSession[] {
    const later = [...this.#overrides.values()].filter(
      ({ name }) => !this.facts.backends.some((backend) => backend.name === name),
    );
    return [
      ...this.facts.backends.map(({ name }) => this.backend(name)).filter((found) => found !== undefined),
      ...later,
    ];
  }
}
