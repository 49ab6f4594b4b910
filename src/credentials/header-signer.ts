import type { CredentialOverride } from "../model/credential.ts";
import type { Secrets } from "../model/values.ts";
import { overrideHeaders } from "../policy/override-headers.ts";
import { isHeaderValue, unfitForHeaders } from "./header-value.ts";
import { requestCredential } from "./request-credential.ts";
import type { Of, Signature, Signer, Unsigned } from "./signer.ts";
import { credentialHeaders } from "./strip.ts";
import { secretValue, sourceOf, unavailable } from "./unavailable.ts";

/** Puts a key into a header: the request's own where the credential may be overridden, else the configured one. */
export class HeaderSigner implements Signer {
  readonly strip: readonly string[];
  readonly #way: Of<"header">["way"];
  readonly #override: CredentialOverride | undefined;
  readonly #secrets: Secrets;
  /** The key that was used last and its signature: keys change rarely. */
  #key = "";
  #signature: Signature = { set: [] };

  constructor(credential: Of<"header">, secrets: Secrets) {
    this.#way = credential.way;
    this.#override = credential.override;
    this.#secrets = secrets;
    this.strip = [...credentialHeaders, ...overrideHeaders(credential)];
  }

  sign(request: Unsigned): Signature {
    const own = requestCredential(request.headers, this.#override);
    if (own !== undefined) return this.#write(own);
    const key = this.#configuredKey();
    if (key !== this.#key) {
      this.#signature = this.#write(key);
      this.#key = key;
    }
    return this.#signature;
  }

  #configuredKey(): string {
    const { secret } = this.#way;
    const key = secretValue(this.#secrets, secret);
    if (!isHeaderValue(key)) throw unavailable(`${sourceOf(secret)} ${unfitForHeaders}`);
    return key;
  }

  #write(key: string): Signature {
    const { name, scheme } = this.#way;
    return { set: [[name, scheme === "" ? key : `${scheme} ${key}`]] };
  }
}
