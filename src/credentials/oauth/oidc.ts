import type { OidcClient } from "../../model/credential.ts";
import type { CredentialWorld } from "../world.ts";
import { callForJson, textMember } from "./token-endpoint.ts";

const timeoutMs = 60_000;

/** A token of an OpenID provider, by which a cloud is told who we are. */
export async function obtainIdentityToken(
  client: OidcClient,
  clientSecret: string,
  proxy: string | undefined,
  world: CredentialWorld,
): Promise<string> {
  const { issuer } = client;
  const url = client.tokenEndpoint ?? (await discoverTokenEndpoint(issuer, proxy, world));
  const name = `the OpenID provider ${issuer}`;
  const form = {
    grant_type: client.grantType ?? "client_credentials",
    client_id: client.clientId,
    client_secret: clientSecret,
    scope: client.scopes.length === 0 ? undefined : client.scopes.join(" "),
    audience: client.audience,
  };
  return textMember(
    await callForJson({ name, url, form, timeoutMs, proxy }, world),
    "access_token",
    `the answer of ${name}`,
  );
}

async function discoverTokenEndpoint(
  issuer: string,
  proxy: string | undefined,
  world: CredentialWorld,
): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const name = `the discovery document of ${issuer}`;
  return textMember(await callForJson({ name, url, timeoutMs, proxy }, world), "token_endpoint", name);
}
