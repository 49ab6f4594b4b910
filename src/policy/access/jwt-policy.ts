import type { JwtPolicy, JwtProvider } from "../../model/access.ts";
import type { AccessRequest, Admission, Claims, HeaderChange } from "./admission.ts";
import { challenge, unauthenticated } from "./admission.ts";
import { readClaim, writeClaim } from "./claims.ts";
import { JwtVerifier } from "./jwt-verifier.ts";
import { type FetchDocument, type KeySets, KeysUnavailable } from "./key-set.ts";
import { readPlace } from "./places.ts";

interface PreparedProvider {
  readonly provider: JwtProvider;
  readonly verifier: JwtVerifier;
}

/** `fetchDocument`: of a provider's keys, which may be at a backend of the configuration. */
export function prepareJwt(
  policy: JwtPolicy,
  keySets: KeySets,
  fetchDocument: (provider: JwtProvider) => FetchDocument,
): (request: AccessRequest) => Promise<Admission> {
  const providers = policy.providers.map((provider) => ({
    provider,
    verifier: new JwtVerifier(provider, keySets.of(provider.keys, fetchDocument(provider))),
  }));
  // What a client sends under the names of claims is never believed.
  const cleared = policy.providers.flatMap(({ claimHeaders }) =>
    claimHeaders.map(({ header }): HeaderChange => [header, undefined]),
  );
  const withoutClaims: Admission = { type: "admitted", identity: { claims: new Map() }, changes: cleared };
  return async (request) => {
    const outcome = await verifyAny(providers, request);
    if (outcome.type === "verified") {
      const claims = new Map([[outcome.provider.name, outcome.claims]]);
      const changes = [...cleared, ...claimChanges(outcome.provider, outcome.claims)];
      return { type: "admitted", identity: { claims }, changes };
    }
    if (policy.isFailOpen) return withoutClaims;
    if (outcome.type === "missing") {
      if (policy.isOptional) return withoutClaims;
      return unauthenticated("an access token is required", "no token", challenge("Bearer"));
    }
    if (outcome.type === "unavailable") return unavailable(outcome.reason);
    const message = "the access token is not valid";
    return unauthenticated(message, outcome.reason, challenge("Bearer", "invalid_token"));
  };
}

type Outcome =
  | { readonly type: "verified"; readonly provider: JwtProvider; readonly claims: Claims }
  | { readonly type: "missing" }
  | { readonly type: "invalid" | "unavailable"; readonly reason: string };

/** The first provider that accepts its token counts; else what is worth most to be told. */
async function verifyAny(providers: readonly PreparedProvider[], request: AccessRequest): Promise<Outcome> {
  let outcome: Outcome = { type: "missing" };
  for (const { provider, verifier } of providers) {
    for (const place of provider.from) {
      const token = readPlace(place, request);
      if (token === undefined) continue;
      try {
        return { type: "verified", provider, claims: await verifier.verify(token) };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const isAway = error instanceof KeysUnavailable;
        if (isAway || outcome.type === "missing")
          outcome = { type: isAway ? "unavailable" : "invalid", reason };
      }
    }
  }
  return outcome;
}

function unavailable(reason: string): Admission {
  const message = "access tokens cannot be checked now";
  return { type: "refused", code: "access_unavailable", status: 503, message, reason, headers: [] };
}

function claimChanges({ claimHeaders }: JwtProvider, claims: Claims): HeaderChange[] {
  return claimHeaders.flatMap(({ claim, header }) => {
    const value = writeClaim(readClaim(claims, claim));
    return value === undefined ? [] : [[header, value] as const];
  });
}
