import type { Secrets } from "../../model/values.ts";
import type { Obtained } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { obtainIdentityToken } from "../oauth/oidc.ts";
import type { Of } from "../signer.ts";
import { holdSecret, sourceOf } from "../unavailable.ts";
import type { CredentialWorld } from "../world.ts";
import { obtainByDefault } from "./ambient.ts";
import { exchangeSubject, googleProxy, impersonate, impersonationUrl } from "./google.ts";
import { obtainByGoogleKey } from "./google-key.ts";

const jwt = "urn:ietf:params:oauth:token-type:jwt";

/** How a token is had for a policy. */
export function gcpSource(
  { source }: Of<"gcp">["way"],
  secrets: Secrets,
  world: CredentialWorld,
): () => Promise<Obtained<AccessToken>> {
  switch (source.type) {
    case "key": {
      const text = holdSecret(secrets, source.secret);
      const where = sourceOf(source.secret);
      return async () => await obtainByGoogleKey(text(), where, world);
    }
    case "token": {
      const token = holdSecret(secrets, source.secret);
      const where = sourceOf(source.secret);
      return async () => ({ value: { token: token() }, source: where });
    }
    case "exchange": {
      const secret = holdSecret(secrets, source.client.secret);
      const { client, audience, serviceAccount } = source;
      return async () => {
        const token = await obtainIdentityToken(client, secret(), googleProxy(world), world);
        const exchanged = await exchangeSubject({ token, type: jwt, audience }, world);
        if (serviceAccount === undefined) return exchanged;
        return await impersonate(exchanged, { url: impersonationUrl(serviceAccount) }, world);
      };
    }
    case "ambient":
      return () => obtainByDefault(world);
  }
}
