import type { Obtained } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { type Members, textMember } from "../oauth/token-endpoint.ts";
import type { CredentialWorld } from "../world.ts";
import { exchangeSubject, impersonate } from "./google.ts";
import { objectMember, optionalText } from "./members.ts";
import { obtainSubjectToken } from "./subject-token.ts";

/**
 * Workload identity federation: a token from where the process runs (a file, a URL, AWS, a command) is exchanged for
 * one of Google's, and where a service account is named, that one for the account's.
 *
 * @see https://google.aip.dev/auth/4117
 */
export async function obtainByExternalAccount(
  key: Members,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const audience = textMember(key, "audience", "the file");
  const userProject = optionalText(key, "workforce_pool_user_project");
  const headers = basicAuthorization(key);
  const exchanged = await exchangeSubject(
    {
      token: await obtainSubjectToken(objectMember(key, "credential_source"), audience, key, world),
      type: textMember(key, "subject_token_type", "the file"),
      audience,
      url: optionalText(key, "token_url"),
      headers,
      // A client that proves itself is a project's already.
      options:
        userProject === undefined || headers["authorization"] !== undefined
          ? undefined
          : JSON.stringify({ userProject }),
    },
    world,
  );
  const url = optionalText(key, "service_account_impersonation_url");
  if (url === undefined) return exchanged;
  const { token_lifetime_seconds: lifetime } = objectMember(key, "service_account_impersonation");
  const lifetimeSeconds = typeof lifetime === "number" ? lifetime : undefined;
  return await impersonate(exchanged, { url, lifetimeSeconds }, world);
}

/** The client of a workforce pool proves itself. */
export function basicAuthorization(key: Members): { [name: string]: string } {
  const id = optionalText(key, "client_id");
  if (id === undefined) return {};
  const pair = `${id}:${optionalText(key, "client_secret") ?? ""}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}
