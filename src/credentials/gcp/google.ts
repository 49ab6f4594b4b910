import type { Obtained } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { readToken } from "../oauth/read-token.ts";
import { callForJson, tokenMember } from "../oauth/token-endpoint.ts";
import { type CredentialWorld, variable } from "../world.ts";

/** What Vertex AI asks for. */
export const scope = "https://www.googleapis.com/auth/cloud-platform";

export const tokenUrl = "https://oauth2.googleapis.com/token";
const stsUrl = "https://sts.googleapis.com/v1/token";

export function googleProxy(world: CredentialWorld): string | undefined {
  const proxy = variable(world, "AI_GATEWAY_GCP_AUTH_PROXY_URL");
  return proxy !== undefined && URL.canParse(proxy) ? proxy : undefined;
}

/** A subject of another provider, for whom Google's Security Token Service gives a token of its own. */
export interface Subject {
  readonly token: string;
  readonly type: string;
  readonly audience: string;
  readonly url?: string | undefined;
  readonly headers?: { readonly [name: string]: string };
  /** A JSON text; only workforce pools need it. */
  readonly options?: string | undefined;
}

/** @see https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token */
export async function exchangeSubject(
  subject: Subject,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const name = "Google's token exchange";
  const askedAtMs = world.nowMs();
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    audience: subject.audience,
    scope,
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    subject_token: subject.token,
    subject_token_type: subject.type,
    options: subject.options,
  };
  const call = { name, url: subject.url ?? stsUrl, form, headers: subject.headers ?? {} };
  return readToken(await callForJson({ ...call, proxy: googleProxy(world) }, world), name, askedAtMs);
}

export interface Impersonation {
  /** The method's URL, account included. */
  readonly url: string;
  readonly delegates?: readonly string[] | undefined;
  readonly lifetimeSeconds?: number | undefined;
}

export function impersonationUrl(serviceAccount: string): string {
  const account = encodeURIComponent(serviceAccount);
  return `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`;
}

/** @see https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken */
export async function impersonate(
  { value: { token }, source }: Obtained<AccessToken>,
  { url, delegates, lifetimeSeconds = 3600 }: Impersonation,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const name = "Google's service for impersonation";
  const answer = await callForJson(
    {
      name,
      url,
      headers: { authorization: `Bearer ${token}` },
      json: {
        scope: [scope],
        lifetime: `${lifetimeSeconds}s`,
        ...(delegates !== undefined && { delegates }),
      },
      proxy: googleProxy(world),
    },
    world,
  );
  const value = { token: tokenMember(answer, "accessToken", `the answer of ${name}`) };
  const expiresAtMs = Date.parse(String(answer["expireTime"]));
  if (Number.isNaN(expiresAtMs)) throw new Error(`the answer of ${name} has no expireTime`);
  return { value, expiresAtMs, source: `${source}, impersonating` };
}
