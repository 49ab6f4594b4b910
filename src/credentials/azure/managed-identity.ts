import type { Obtained } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { callForJson, tokenMember } from "../oauth/token-endpoint.ts";
import { type CredentialWorld, variable } from "../world.ts";
import { resource } from "./entra.ts";

const metadataTimeoutMs = 3_000;

/**
 * A token of the machine's own identity: from App Service or Container Apps where their variables are set, else from
 * the metadata service of a virtual machine.
 *
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export async function obtainManagedIdentityToken(
  clientId: string | undefined,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const source = "the managed identity";
  const { url, headers } = endpointOf(clientId, world);
  const askedAtMs = world.nowMs();
  const answer = await callForJson(
    { name: source, url, headers, method: "GET", isDirect: true, timeoutMs: metadataTimeoutMs },
    world,
  );
  const token = tokenMember(answer, "access_token", `the answer of ${source}`);
  const seconds = Number(answer["expires_on"]);
  const rest = Number(answer["expires_in"]);
  const expiresAtMs = seconds > 0 ? seconds * 1000 : askedAtMs + (rest > 0 ? rest * 1000 : 300_000);
  return { value: { token }, expiresAtMs, source };
}

function endpointOf(clientId: string | undefined, world: CredentialWorld) {
  const query = new URLSearchParams({ resource, ...(clientId !== undefined && { client_id: clientId }) });
  const endpoint = variable(world, "IDENTITY_ENDPOINT");
  const header = variable(world, "IDENTITY_HEADER");
  if (endpoint !== undefined && header !== undefined) {
    return {
      url: `${endpoint}?api-version=2019-08-01&${query}`,
      headers: { "x-identity-header": header } as Record<string, string>,
    };
  }
  const host = variable(world, "AZURE_POD_IDENTITY_AUTHORITY_HOST") ?? "http://169.254.169.254";
  return {
    url: `${host.replace(/\/+$/, "")}/metadata/identity/oauth2/token?api-version=2018-02-01&${query}`,
    headers: { metadata: "true" } as Record<string, string>,
  };
}
