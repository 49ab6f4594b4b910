import type { JWTVerifyGetKey } from "jose";
import type { JwtKeys } from "../../model/access.ts";
import { fetchIssuerMetadata } from "./issuer-metadata.ts";

/** Fetches a document of an identity provider: its text, where the answer was 200. Throws for all else. */
export type FetchDocument = (url: string) => Promise<string>;

/** Finds the key that a token was signed with. A new function for each new set of keys. */
export type KeyLookup = JWTVerifyGetKey;

/** The keys cannot be had now, which is no fault of the client's. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

export interface KeySet {
  /** Throws `KeysUnavailable`. */
  current(): Promise<KeyLookup>;
  /** Keys that were fetched because a token names one that is not known; `undefined` if they were asked for too often. */
  renewed(): Promise<KeyLookup | undefined>;
}

/** Throws for a text that is no set of public keys. */
export async function readKeys(jwks: string): Promise<KeyLookup> {
  const { createLocalJWKSet } = await import("jose");
  const value: unknown = JSON.parse(jwks);
  if (!isKeys(value)) throw new Error('a set of keys is a JSON object with a list "keys"');
  // Symmetric keys would let whoever can read the set sign tokens.
  return createLocalJWKSet({ keys: value.keys.filter(({ kty }) => kty !== "oct") });
}

function isKeys(value: unknown): value is { readonly keys: { readonly kty: string }[] } {
  return typeof value === "object" && value !== null && "keys" in value && Array.isArray(value.keys);
}

/** Keys that stand in the configuration. */
export function localKeys(jwks: string): KeySet {
  const keys = readKeys(jwks);
  // Whoever asks gets the error; until then it is nobody's.
  keys.catch(() => {});
  return {
    current: () =>
      keys.catch((cause: unknown) => {
        throw new KeysUnavailable("the configured keys cannot be read", { cause });
      }),
    renewed: async () => undefined,
  };
}

/** Keys that were fresh once serve for so long while no newer ones can be had. */
const graceMs = 60 * 60_000;
/** After a failure nothing is asked for so long. */
const pauseMs = 1000;
/** Tokens with unknown keys, which anybody can send, cause so many fetches in `windowMs`. */
const maxRenewals = 5;
const windowMs = 60_000;

/**
 * Keys that an identity provider publishes.
 *
 * They are fetched once for all that wait, anew in the background when they are no longer fresh, and at once, a few
 * times a minute, when a token names a key that is not among them: a rotation is seen by the first token after it.
 */
export class RemoteKeys implements KeySet {
  /** May be replaced: a reload keeps the keys and not the connection. */
  fetchDocument: FetchDocument;
  readonly #source: Exclude<JwtKeys, { type: "inline" }>;
  readonly #now: () => number;
  #uri: string | undefined;
  #lookup: KeyLookup | undefined;
  #text = "";
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #failure: unknown;
  #pending: Promise<KeyLookup> | undefined;
  #renewals = 0;
  #windowFrom = Number.NEGATIVE_INFINITY;

  /** `now`: milliseconds of a clock that only runs forward. */
  constructor(source: Exclude<JwtKeys, { type: "inline" }>, fetchDocument: FetchDocument, now: () => number) {
    this.#source = source;
    this.fetchDocument = fetchDocument;
    this.#now = now;
  }

  current(): Promise<KeyLookup> {
    const age = this.#now() - this.#fetchedAt;
    const { cacheMs } = this.#source;
    if (this.#lookup === undefined || age >= cacheMs + graceMs) return this.#fetch();
    // Whoever comes now is served with what is there; the next ones have the new keys.
    if (age >= cacheMs) this.#fetch().catch(() => {});
    return Promise.resolve(this.#lookup);
  }

  async renewed(): Promise<KeyLookup | undefined> {
    if (this.#pending === undefined && !this.#mayRenew()) return undefined;
    const before = this.#lookup;
    const after = await this.#fetch();
    return after === before ? undefined : after;
  }

  #mayRenew(): boolean {
    const now = this.#now();
    if (now - this.#windowFrom >= windowMs) {
      this.#windowFrom = now;
      this.#renewals = 0;
    }
    this.#renewals += 1;
    return this.#renewals <= maxRenewals;
  }

  #fetch(): Promise<KeyLookup> {
    if (this.#pending !== undefined) return this.#pending;
    if (this.#now() - this.#failedAt < pauseMs) return Promise.reject(this.#unavailable());
    this.#pending = this.#load().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #load(): Promise<KeyLookup> {
    try {
      this.#uri ??= await this.#locate();
      const text = await this.fetchDocument(this.#uri);
      // The same keys stay the same function, so that what was verified with them stays verified.
      if (text !== this.#text || this.#lookup === undefined) this.#lookup = await readKeys(text);
      this.#text = text;
      this.#fetchedAt = this.#now();
      return this.#lookup;
    } catch (error) {
      this.#failedAt = this.#now();
      this.#failure = error;
      if (this.#source.type === "discover") this.#uri = undefined;
      throw this.#unavailable();
    }
  }

  async #locate(): Promise<string> {
    if (this.#source.type === "remote") return this.#source.uri;
    const { jwks_uri: uri } = await fetchIssuerMetadata(this.#source.issuer, this.fetchDocument);
    if (typeof uri !== "string" || uri === "")
      throw new Error("jwks_uri not found in authorization server metadata");
    return uri;
  }

  #unavailable(): KeysUnavailable {
    const reason = this.#failure instanceof Error ? this.#failure.message : String(this.#failure);
    return new KeysUnavailable(`the keys of tokens cannot be fetched: ${reason}`, { cause: this.#failure });
  }
}

/** So many sources are remembered; a configuration that is edited often leaves old ones behind. */
const maxSources = 64;

/** The sets of keys of one process: a source that a reload leaves as it was keeps what it has fetched. */
export class KeySets {
  readonly #bySource = new Map<string, RemoteKeys>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A set that is fetched ahead, so that the first request need not wait. */
  of(source: JwtKeys, fetchDocument: FetchDocument): KeySet {
    if (source.type === "inline") return localKeys(source.jwks);
    const key = JSON.stringify(source);
    const known = this.#bySource.get(key);
    if (known !== undefined) {
      known.fetchDocument = fetchDocument;
      return known;
    }
    const [oldest] = this.#bySource.keys();
    if (this.#bySource.size >= maxSources && oldest !== undefined) this.#bySource.delete(oldest);
    const keys = new RemoteKeys(source, fetchDocument, this.#now);
    this.#bySource.set(key, keys);
    keys.current().catch(() => {});
    return keys;
  }
}
