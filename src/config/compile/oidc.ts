import type { OidcClient } from "../../model/credential.ts";
import type { Path } from "../diagnostics.ts";
import type { ValueOf } from "../kinds.ts";
import type { Context } from "./context.ts";
import { type Policy, referTo, secretEntry } from "./secret-entry.ts";

type Azure = NonNullable<ValueOf<"BackendSecurityPolicy">["spec"]["azureCredentials"]>;
export type OidcExchange = NonNullable<Azure["oidcExchangeToken"]>;

/** The client that a policy's `oidcExchangeToken` describes; `undefined` after a complaint. */
export function compileOidc(
  context: Context,
  policy: Policy,
  path: Path,
  { oidc, grantType, aud }: OidcExchange,
): OidcClient | undefined {
  const { issuer, tokenEndpoint } = oidc.provider;
  const clientId = oidc.clientID ?? referredClientId(context, policy, [...path, "oidc", "clientIDRef"], oidc);
  const secretPath = [...path, "oidc", "clientSecret"];
  const secret = referTo(context, policy, secretPath, oidc.clientSecret, ["client-secret"], true);
  if (clientId === undefined || secret === undefined) return undefined;
  return {
    issuer,
    clientId,
    secret,
    scopes: oidc.scopes,
    ...(tokenEndpoint !== undefined && { tokenEndpoint }),
    ...(grantType !== undefined && grantType !== "" && { grantType }),
    ...(aud !== undefined && aud !== "" && { audience: aud }),
  };
}

function referredClientId(
  context: Context,
  policy: Policy,
  path: Path,
  { clientIDRef }: OidcExchange["oidc"],
): string | undefined {
  if (clientIDRef === undefined) return undefined;
  return secretEntry(context, policy, path, clientIDRef, ["client-id"], true)?.entry.value.trim();
}
