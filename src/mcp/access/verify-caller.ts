import type { JwtProvider } from "../../model/access.ts";
import type { McpOauth, McpSecurity } from "../../model/mcp.ts";
import type { Secrets } from "../../model/values.ts";
import {
  type AccessRequest,
  type Claims,
  type Refused,
  unauthenticated,
} from "../../policy/access/admission.ts";
import { prepareApiKeys } from "../../policy/access/api-keys.ts";
import { readClaim, readScopes, writeClaim } from "../../policy/access/claims.ts";
import { JwtVerifier } from "../../policy/access/jwt-verifier.ts";
import { type FetchDocument, type KeySets, KeysUnavailable } from "../../policy/access/key-set.ts";
import { readPlace } from "../../policy/access/places.ts";
import type { Caller } from "./access.ts";
import { Challenges } from "./challenges.ts";

/** What checks need of the world. */
export interface AccessServices {
  readonly keySets: KeySets;
  /** Documents of an authorization server; `backend`: a key of `GatewayModel.backends`, for how to get there. */
  fetchDocument(backend: string | undefined): FetchDocument;
  warn(message: string): void;
}

type Check = (request: AccessRequest) => Partial<Caller> | Refused | Promise<Partial<Caller> | Refused>;

const usualCacheMs = 300_000;

/** Makes the check of who calls; `undefined` where a route asks nobody. All that is configured must be shown. */
export function prepareVerifier(
  { oauth, apiKeys }: McpSecurity,
  secrets: Secrets,
  services: AccessServices,
): ((request: AccessRequest) => Promise<Caller | Refused>) | undefined {
  const checks: Check[] = [];
  if (apiKeys !== undefined) {
    const { clients, from, clientIdHeader, at } = apiKeys;
    const policy = { at, clients, from, isSanitized: false, ...(clientIdHeader && { clientIdHeader }) };
    const check = prepareApiKeys(policy, secrets);
    checks.push((request) => {
      const admission = check(request);
      if (admission.type === "refused") return admission;
      const headers = admission.changes.flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      );
      return { principal: `key ${admission.identity.name}`, headers };
    });
  }
  if (oauth !== undefined) checks.push(prepareToken(oauth, services));
  if (checks.length === 0) return undefined;
  return async (request) => {
    let caller: Caller = { principal: undefined, claims: {}, scopes: [], headers: [] };
    for (const check of checks) {
      const result = await check(request);
      if ("type" in result) return result;
      caller = {
        ...caller,
        ...result,
        principal: [caller.principal, result.principal].filter((part) => part !== undefined).join(" "),
        headers: [...caller.headers, ...(result.headers ?? [])],
      };
    }
    return caller;
  };
}

const bearer = { type: "header", name: "authorization", prefix: "Bearer " } as const;

function prepareToken(oauth: McpOauth, services: AccessServices): Check {
  const keys =
    oauth.keys.type === "discover"
      ? ({ type: "discover", issuer: oauth.issuer, cacheMs: usualCacheMs } as const)
      : oauth.keys;
  const backend = keys.type === "remote" ? keys.backend : undefined;
  const wanted = oauth.audiences.length > 0 ? oauth.audiences : [oauth.resource];
  const provider: JwtProvider = {
    at: oauth.at,
    name: "oauth",
    issuer: oauth.issuer,
    isIssuerOptional: true,
    audiences: oauth.isAudienceChecked ? wanted : [],
    keys,
    from: [bearer],
    claimHeaders: [],
  };
  const verifier = new JwtVerifier(provider, services.keySets.of(keys, services.fetchDocument(backend)));
  const challenges = new Challenges(oauth);
  let hasWarned = false;
  return async (request) => {
    const token = readPlace(bearer, request);
    if (token === undefined) {
      return unauthenticated("an access token is required", "no token", challenges.missing);
    }
    try {
      const claims = await verifier.verify(token);
      if (claims["exp"] === undefined) {
        if (oauth.isExpiryRequired) throw new Error("the token never expires");
        if (!hasWarned) services.warn(`tokens of ${oauth.issuer} never expire; requireExp refuses them`);
        hasWarned = true;
      }
      return describeBearer(oauth, claims);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof KeysUnavailable) return unavailable(reason);
      return unauthenticated("the access token is not valid", reason, challenges.invalid);
    }
  };
}

function unavailable(reason: string): Refused {
  const message = "access tokens cannot be checked now";
  const headers = [["retry-after", "1"]] as const;
  return { type: "refused", code: "access_unavailable", status: 503, message, reason, headers };
}

function describeBearer({ issuer, claimHeaders }: McpOauth, claims: Claims): Partial<Caller> {
  const { scope: _, scp: __, ...others } = claims;
  const subject = claims["sub"] ?? claims["client_id"] ?? claims["azp"];
  const headers = claimHeaders.flatMap(({ claim, header }) => {
    const value = writeClaim(readClaim(claims, claim.join(".")));
    return value === undefined ? [] : [[header, value] as const];
  });
  return {
    principal: `token ${JSON.stringify([issuer, subject ?? null])}`,
    claims: others,
    scopes: [...readScopes(claims)].sort(),
    headers,
  };
}
