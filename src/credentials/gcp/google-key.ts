import { type Obtained, reasonOf } from "../fresh.ts";
import { isHeaderValue, unfitForHeaders } from "../header-value.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { obtainToken } from "../oauth/read-token.ts";
import { signedJwt } from "../oauth/signed-jwt.ts";
import { type Members, textMember } from "../oauth/token-endpoint.ts";
import { type CredentialWorld, variable } from "../world.ts";
import { basicAuthorization, obtainByExternalAccount } from "./external-account.ts";
import { googleProxy, impersonate, scope, tokenUrl } from "./google.ts";
import { optionalText } from "./members.ts";

type ObtainByKey = (key: Members, world: CredentialWorld) => Promise<Obtained<AccessToken>>;

const kinds: { readonly [type: string]: ObtainByKey | undefined } = {
  service_account: obtainByServiceAccount,
  authorized_user: obtainByUser,
  impersonated_service_account: obtainByImpersonation,
  external_account: obtainByExternalAccount,
  external_account_authorized_user: obtainByExternalUser,
};

/** A token by one of Google's credential files, whatever its kind. `where` names the file in messages. */
export async function obtainByGoogleKey(
  text: string,
  where: string,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const key = readKey(text, where);
  const obtained = await obtainByMembers(key, where, world);
  const quotaProject = variable(world, "GOOGLE_CLOUD_QUOTA_PROJECT") ?? optionalText(key, "quota_project_id");
  if (quotaProject !== undefined && !isHeaderValue(quotaProject)) {
    throw new Error(`quota_project_id of ${where} ${unfitForHeaders}`);
  }
  return {
    ...obtained,
    value: { ...obtained.value, quotaProject },
    source: `${obtained.source} of ${where}`,
  };
}

async function obtainByMembers(
  key: Members,
  where: string,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const { type } = key;
  const obtain = typeof type === "string" && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (obtain === undefined) throw new Error(`${where} is of no known type of Google credentials`);
  try {
    return await obtain(key, world);
  } catch (error) {
    throw new Error(`${where}: ${reasonOf(error)}`);
  }
}

function readKey(text: string, where: string): Members {
  try {
    const key: unknown = JSON.parse(text);
    if (typeof key === "object" && key !== null) return key as Members;
  } catch {
    // What the parser says would quote the file.
  }
  throw new Error(`${where} is not a JSON object`);
}

/** @see https://developers.google.com/identity/protocols/oauth2/service-account#httprest */
function obtainByServiceAccount(key: Members, world: CredentialWorld): Promise<Obtained<AccessToken>> {
  const url = optionalText(key, "token_uri") ?? tokenUrl;
  const now = Math.floor(world.nowMs() / 1000);
  const claims = {
    iss: textMember(key, "client_email", "the key"),
    scope,
    aud: url,
    iat: now,
    exp: now + 3600,
  };
  const keyId = optionalText(key, "private_key_id");
  const header = { typ: "JWT", ...(keyId !== undefined && { kid: keyId }) };
  const privateKey = textMember(key, "private_key", "the key");
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: signedJwt("RS256", header, claims, privateKey, "private_key"),
  };
  return obtainToken({ name: "Google", url, form, proxy: googleProxy(world) }, world);
}

/** What `gcloud auth application-default login` leaves. */
function obtainByUser(key: Members, world: CredentialWorld): Promise<Obtained<AccessToken>> {
  const form = {
    grant_type: "refresh_token",
    client_id: textMember(key, "client_id", "the file"),
    client_secret: textMember(key, "client_secret", "the file"),
    refresh_token: textMember(key, "refresh_token", "the file"),
  };
  const url = optionalText(key, "token_uri") ?? tokenUrl;
  return obtainToken({ name: "Google", url, form, proxy: googleProxy(world) }, world);
}

/** What `gcloud auth application-default login` leaves after a login by a workforce pool. */
function obtainByExternalUser(key: Members, world: CredentialWorld): Promise<Obtained<AccessToken>> {
  const form = {
    grant_type: "refresh_token",
    refresh_token: textMember(key, "refresh_token", "the file"),
  };
  const url = textMember(key, "token_url", "the file");
  const headers = basicAuthorization(key);
  return obtainToken({ name: "Google", url, form, headers, proxy: googleProxy(world) }, world);
}

async function obtainByImpersonation(key: Members, world: CredentialWorld): Promise<Obtained<AccessToken>> {
  const source = key["source_credentials"];
  if (typeof source !== "object" || source === null) throw new Error("the file has no source_credentials");
  const delegates = key["delegates"];
  return await impersonate(
    await obtainByMembers(source as Members, "source_credentials", world),
    {
      url: textMember(key, "service_account_impersonation_url", "the file"),
      delegates: Array.isArray(delegates) ? delegates.map(String) : undefined,
    },
    world,
  );
}
