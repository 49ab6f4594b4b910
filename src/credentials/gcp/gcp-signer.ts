import type { CredentialOverride } from "../../model/credential.ts";
import { overrideHeaders } from "../../policy/override-headers.ts";
import { requestCredential } from "../request-credential.ts";
import type { Of, Signature, Signer, Unsigned } from "../signer.ts";
import { credentialHeaders } from "../strip.ts";
import { unavailable } from "../unavailable.ts";

/** Sends an access token and completes the path: dialects write what follows the project and its region. */
export class GcpSigner implements Signer {
  readonly strip: readonly string[];
  readonly #way: Of<"gcp">["way"];
  readonly #override: CredentialOverride | undefined;

  constructor(credential: Of<"gcp">) {
    this.#way = credential.way;
    this.#override = credential.override;
    this.strip = [...credentialHeaders, ...overrideHeaders(credential)];
  }

  sign({ path, headers }: Unsigned): Signature {
    const { project, region, source } = this.#way;
    const token = requestCredential(headers, this.#override);
    if (token === undefined) throw unavailable(source.reason);
    const below = path.startsWith("/") ? path : `/${path}`;
    return {
      set: [["authorization", `Bearer ${token}`]],
      path: `/v1/projects/${project}/locations/${region}${below}`,
    };
  }
}
