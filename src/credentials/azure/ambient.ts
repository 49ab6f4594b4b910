import { readFile } from "node:fs/promises";
import type { AzureIdentity } from "../../model/credential.ts";
import { type Obtained, reasonOf } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { type CredentialWorld, variable } from "../world.ts";
import { obtainCliToken } from "./azure-cli.ts";
import { type EntraClient, obtainEntraToken } from "./entra.ts";
import { obtainManagedIdentityToken } from "./managed-identity.ts";

/** What the policy says of tenant and client; the environment's variables come first. */
interface Identity {
  readonly tenantId: string;
  readonly clientId: string;
}

type Obtain = (identity: Identity, world: CredentialWorld) => Promise<Obtained<AccessToken>>;

const ways: { readonly [I in AzureIdentity]: Obtain } = {
  environment: obtainByEnvironment,
  workload: obtainByWorkload,
  managed: (_, world) => obtainManagedIdentityToken(variable(world, "AZURE_CLIENT_ID"), world),
  cli: (_, world) => obtainCliToken(variable(world, "AZURE_TENANT_ID"), world),
};

/** A token of the first identity that gives one. Throws what was wrong with each. */
export async function obtainAmbientToken(
  identities: readonly AzureIdentity[],
  identity: Identity,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const reasons: string[] = [];
  for (const name of identities) {
    try {
      return await ways[name](identity, world);
    } catch (error) {
      reasons.push(`${name}: ${reasonOf(error)}`);
    }
  }
  throw new Error(`no identity for Azure: ${reasons.join("; ")}`);
}

async function obtainByEnvironment(
  identity: Identity,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const secret = variable(world, "AZURE_CLIENT_SECRET");
  const path = variable(world, "AZURE_CLIENT_CERTIFICATE_PATH");
  if (secret !== undefined) return await obtain(identity, { type: "secret", secret }, world);
  if (path === undefined)
    throw new Error("neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set");
  return await obtain(identity, { type: "certificate", pem: await readText(path) }, world);
}

async function obtainByWorkload(identity: Identity, world: CredentialWorld): Promise<Obtained<AccessToken>> {
  const path = variable(world, "AZURE_FEDERATED_TOKEN_FILE");
  if (path === undefined) throw new Error("AZURE_FEDERATED_TOKEN_FILE is not set");
  // Read each time: Kubernetes puts a new one there every hour or so.
  return await obtain(identity, { type: "assertion", token: (await readText(path)).trim() }, world);
}

async function obtain(
  { tenantId, clientId }: Identity,
  proof: EntraClient["proof"],
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  return await obtainEntraToken(
    {
      tenantId: variable(world, "AZURE_TENANT_ID") ?? tenantId,
      clientId: variable(world, "AZURE_CLIENT_ID") ?? clientId,
      proof,
    },
    world,
  );
}

async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8");
}
