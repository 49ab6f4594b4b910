import { createHash, randomUUID, X509Certificate } from "node:crypto";
import type { Obtained } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { obtainToken } from "../oauth/read-token.ts";
import { signedJwt } from "../oauth/signed-jwt.ts";
import { type CredentialWorld, variable } from "../world.ts";

/** A client of Entra ID, and what it shows to prove that it is that. */
export interface EntraClient {
  readonly tenantId: string;
  readonly clientId: string;
  readonly proof:
    | { readonly type: "secret"; readonly secret: string }
    | { readonly type: "certificate"; readonly pem: string }
    | { readonly type: "assertion"; readonly token: string };
}

/** What access is asked for: Azure OpenAI and its siblings. */
export const resource = "https://cognitiveservices.azure.com";
const scope = `${resource}/.default`;

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const assertionLifeSeconds = 600;

/**
 * A token by the client credentials flow.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export function obtainEntraToken(
  client: EntraClient,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const url = tokenUrl(client.tenantId, world);
  const form = {
    grant_type: "client_credentials",
    client_id: client.clientId,
    scope,
    ...proofFields(client, url, world),
  };
  return obtainToken({ name: "Entra ID", url, form, proxy: azureProxy(world) }, world);
}

export function azureProxy(world: CredentialWorld): string | undefined {
  const proxy = variable(world, "AI_GATEWAY_AZURE_PROXY_URL");
  return proxy !== undefined && URL.canParse(proxy) ? proxy : undefined;
}

function tokenUrl(tenantId: string, world: CredentialWorld): string {
  // Anything else would lead to another path of the authority.
  if (!/^[A-Za-z0-9.-]+$/.test(tenantId)) {
    throw new Error(`tenantID ${JSON.stringify(tenantId)} is not an ID or a domain name`);
  }
  const authority = variable(world, "AZURE_AUTHORITY_HOST") ?? "https://login.microsoftonline.com";
  const base = authority.includes("://") ? authority : `https://${authority}`;
  return `${base.replace(/\/+$/, "")}/${tenantId}/oauth2/v2.0/token`;
}

function proofFields(
  { clientId, proof }: EntraClient,
  audience: string,
  world: CredentialWorld,
): { [field: string]: string } {
  switch (proof.type) {
    case "secret":
      return { client_secret: proof.secret };
    case "assertion":
      return { client_assertion_type: assertionType, client_assertion: proof.token };
    case "certificate":
      return {
        client_assertion_type: assertionType,
        client_assertion: certificateAssertion(clientId, proof.pem, audience, world),
      };
  }
}

/** @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials */
function certificateAssertion(
  clientId: string,
  pem: string,
  audience: string,
  world: CredentialWorld,
): string {
  const now = Math.floor(world.nowMs() / 1000);
  const claims = {
    aud: audience,
    iss: clientId,
    sub: clientId,
    jti: randomUUID(),
    nbf: now,
    iat: now,
    exp: now + assertionLifeSeconds,
  };
  const header = { typ: "JWT", "x5t#S256": thumbprint(pem) };
  return signedJwt("PS256", header, claims, privateKeyIn(pem), "the private key of the client certificate");
}

function thumbprint(pem: string): string {
  const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem)?.[0];
  try {
    if (block !== undefined) {
      return createHash("sha256").update(new X509Certificate(block).raw).digest("base64url");
    }
  } catch {
    // Said below, without anything of the file.
  }
  throw new Error("the client certificate is not in PEM");
}

function privateKeyIn(pem: string): string {
  return /-----BEGIN (?:RSA )?PRIVATE KEY-----[^-]+-----END (?:RSA )?PRIVATE KEY-----/.exec(pem)?.[0] ?? "";
}
