import type { Obtained } from "../fresh.ts";
import type { CredentialWorld } from "../world.ts";
import type { AccessToken } from "./access-token.ts";
import { callForJson, type Members, type TokenCall, tokenMember } from "./token-endpoint.ts";

/** Calls a token endpoint and reads what OAuth answers with: `access_token`, `expires_in`. */
export async function obtainToken(call: TokenCall, world: CredentialWorld): Promise<Obtained<AccessToken>> {
  const askedAtMs = world.nowMs();
  return readToken(await callForJson(call, world), call.name, askedAtMs);
}

/** `askedAtMs`: its life began when it was asked for, at the earliest. */
export function readToken(members: Members, source: string, askedAtMs: number): Obtained<AccessToken> {
  const token = tokenMember(members, "access_token", `the answer of ${source}`);
  const seconds = Number(members["expires_in"]);
  const lifeMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : defaultLifeMs;
  return { value: { token }, expiresAtMs: askedAtMs + lifeMs, source };
}

/** Where nothing is said: shorter than any that clouds give. */
const defaultLifeMs = 5 * 60_000;
