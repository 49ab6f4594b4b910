import { createHmac, randomBytes } from "node:crypto";
import type { JWTPayload } from "jose";
import type { JwtProvider } from "../../model/access.ts";
import type { Claims } from "./admission.ts";
import { isSameIssuer } from "./issuer-metadata.ts";
import { type KeyLookup, type KeySet, KeysUnavailable } from "./key-set.ts";

/** Signatures that only the issuer can make: no shared secrets, and never none. */
const algorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
  ...["Ed25519", "EdDSA"],
];

/** How far the clocks of issuer and gateway may be apart. */
const skewSeconds = 60;
const maxTokenChars = 16_384;
const maxRemembered = 1024;

/** A token that does not let its bearer in. */
class JwtRefused extends Error {
  override readonly name = "JwtRefused";
}

interface Remembered {
  readonly keys: KeyLookup;
  readonly claims: Claims;
}

/**
 * Verifies the tokens of one provider: signature, issuer, audience, and times.
 *
 * Clients send the same token again and again. One that was verified is remembered, by a digest, and only its times
 * are looked at the next time, until the keys change.
 */
export class JwtVerifier {
  readonly #provider: JwtProvider;
  readonly #keys: KeySet;
  readonly #nowMs: () => number;
  readonly #digestKey = randomBytes(32);
  readonly #remembered = new Map<string, Remembered>();

  constructor(provider: JwtProvider, keys: KeySet, nowMs: () => number = Date.now) {
    this.#provider = provider;
    this.#keys = keys;
    this.#nowMs = nowMs;
  }

  /** The claims of a token. Throws `JwtRefused`, or `KeysUnavailable`. */
  async verify(token: string): Promise<Claims> {
    if (token.length > maxTokenChars) throw new JwtRefused("the token is too long");
    const keys = await this.#keys.current();
    const digest = createHmac("sha256", this.#digestKey).update(token).digest("base64");
    const known = this.#remembered.get(digest);
    if (known?.keys === keys) return this.#inTime(known.claims);
    const { claims, lookup } = await this.#verifyWith(keys, token);
    this.#remember(digest, { keys: lookup, claims });
    return claims;
  }

  async #verifyWith(keys: KeyLookup, token: string): Promise<{ claims: Claims; lookup: KeyLookup }> {
    try {
      return { claims: await this.#check(token, keys), lookup: keys };
    } catch (error) {
      if (!isUnknownKey(error)) throw refusal(error);
    }
    const renewed = await this.#keys.renewed().catch(() => undefined);
    if (renewed === undefined) throw new JwtRefused("the token was signed with an unknown key");
    try {
      return { claims: await this.#check(token, renewed), lookup: renewed };
    } catch (error) {
      throw isUnknownKey(error) ? new JwtRefused("the token was signed with an unknown key") : refusal(error);
    }
  }

  async #check(token: string, keys: KeyLookup): Promise<Claims> {
    const { jwtVerify, errors } = await import("jose");
    const { audiences } = this.#provider;
    const options = {
      algorithms,
      clockTolerance: skewSeconds,
      currentDate: new Date(this.#nowMs()),
      ...(audiences.length > 0 && { audience: [...audiences] }),
    };
    try {
      return this.#ofIssuer((await jwtVerify(token, keys, options)).payload);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // Without a key's name in the token each that could be meant is tried.
      for await (const key of error) {
        try {
          return this.#ofIssuer((await jwtVerify(token, key, options)).payload);
        } catch (inner) {
          if (!(inner instanceof errors.JWSSignatureVerificationFailed)) throw inner;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  #ofIssuer(payload: JWTPayload): Claims {
    const { issuer, isIssuerOptional } = this.#provider;
    if (issuer === undefined || (isIssuerOptional && payload.iss === undefined)) return payload;
    const isRight = isIssuerOptional ? isSameIssuer(payload.iss, issuer) : payload.iss === issuer;
    if (!isRight) throw new JwtRefused("the token is of another issuer");
    return payload;
  }

  #inTime(claims: Claims): Claims {
    const now = this.#nowMs() / 1000;
    if (Number(claims["exp"] ?? Number.POSITIVE_INFINITY) <= now - skewSeconds) {
      throw new JwtRefused("the token has expired");
    }
    return claims;
  }

  #remember(digest: string, remembered: Remembered): void {
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear();
    this.#remembered.set(digest, remembered);
  }
}

function isUnknownKey(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_JWKS_NO_MATCHING_KEY";
}

/** What of the library's words may be logged: they name claims, and quote no token. */
function refusal(error: unknown): Error {
  if (error instanceof JwtRefused || error instanceof KeysUnavailable) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new JwtRefused(reason, { cause: error });
}
