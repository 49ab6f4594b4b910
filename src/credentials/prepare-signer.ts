import type { Credential } from "../model/credential.ts";
import type { Secrets } from "../model/values.ts";
import { HeaderSigner, unavailable } from "./header-signer.ts";
import type { Signer } from "./signer.ts";
import { credentialHeaders } from "./strip.ts";

/** The signer of one credential; made once for each model, used by all requests at once. */
export function prepareSigner(credential: Credential, secrets: Secrets): Signer {
  const { way, override } = credential;
  switch (way.type) {
    case "header":
      return new HeaderSigner(way, override, secrets);
    case "unavailable":
      return {
        strip: credentialHeaders,
        sign() {
          throw unavailable(way.reason);
        },
      };
  }
}
