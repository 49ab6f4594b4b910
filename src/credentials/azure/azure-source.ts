import type { Secrets } from "../../model/values.ts";
import type { Obtained } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { obtainIdentityToken } from "../oauth/oidc.ts";
import type { Of } from "../signer.ts";
import { holdSecret } from "../unavailable.ts";
import type { CredentialWorld } from "../world.ts";
import { obtainAmbientToken } from "./ambient.ts";
import { azureProxy, type EntraClient, obtainEntraToken } from "./entra.ts";

/** How a token is had for a policy. */
export function azureSource(
  { tenantId, clientId, source }: Of<"azure">["way"],
  secrets: Secrets,
  world: CredentialWorld,
): () => Promise<Obtained<AccessToken>> {
  const client = { tenantId, clientId };
  const obtain = async (proof: EntraClient["proof"]) => await obtainEntraToken({ ...client, proof }, world);
  switch (source.type) {
    case "secret": {
      const secret = holdSecret(secrets, source.secret);
      return async () => await obtain({ type: "secret", secret: secret() });
    }
    case "certificate": {
      const pem = holdSecret(secrets, source.secret);
      return async () => await obtain({ type: "certificate", pem: pem() });
    }
    case "exchange": {
      const secret = holdSecret(secrets, source.client.secret);
      return async () => {
        const token = await obtainIdentityToken(source.client, secret(), azureProxy(world), world);
        return await obtain({ type: "assertion", token });
      };
    }
    case "ambient":
      return () => obtainAmbientToken(source.identities, client, world);
  }
}
