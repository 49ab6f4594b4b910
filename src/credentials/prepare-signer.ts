import type { Credential } from "../model/credential.ts";
import type { Secrets } from "../model/values.ts";
import { AwsSigner } from "./aws/aws-signer.ts";
import { GcpSigner } from "./gcp/gcp-signer.ts";
import { HeaderSigner } from "./header-signer.ts";
import type { Signer } from "./signer.ts";
import { credentialHeaders } from "./strip.ts";
import { unavailable } from "./unavailable.ts";

/** The signer of one credential; made once for each model, used by all requests at once. */
export function prepareSigner(credential: Credential, secrets: Secrets): Signer {
  const { way } = credential;
  switch (way.type) {
    case "header":
      return new HeaderSigner({ ...credential, way }, secrets);
    case "aws":
      return new AwsSigner({ ...credential, way }, secrets);
    case "gcp":
      return new GcpSigner({ ...credential, way });
    case "unavailable":
      return {
        strip: credentialHeaders,
        sign() {
          throw unavailable(way.reason);
        },
      };
  }
}
