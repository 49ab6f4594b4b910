import type { Credential, CredentialWay } from "../model/credential.ts";
import { ExchangeFailure } from "../model/failure.ts";
import type { SecretRef, Secrets } from "../model/values.ts";
import type { Signature, Signer, Unsigned } from "./signer.ts";
import { credentialHeaders } from "./strip.ts";

type HeaderWay = Extract<CredentialWay, { readonly type: "header" }>;

/** Puts a key into a header: the request's own where the credential may be overridden, else the configured one. */
export class HeaderSigner implements Signer {
  readonly strip: readonly string[];
  readonly #way: HeaderWay;
  readonly #override: Credential["override"];
  readonly #secrets: Secrets;
  /** The key that was used last and its signature: keys change rarely. */
  #key = "";
  #signature: Signature = { set: [] };

  constructor(way: HeaderWay, override: Credential["override"], secrets: Secrets) {
    this.#way = way;
    this.#override = override;
    this.#secrets = secrets;
    this.strip = override === undefined ? credentialHeaders : [...credentialHeaders, override.header];
  }

  sign(request: Unsigned): Signature {
    const override = this.#override;
    if (override !== undefined) {
      const own = request.headers.get(override.header)?.trim() ?? "";
      if (own !== "") return this.#write(own);
      if (!override.hasFallback)
        throw new ExchangeFailure("missing_credential", "missing upstream credential");
    }
    const key = this.#configuredKey();
    if (key !== this.#key) {
      this.#signature = this.#write(key);
      this.#key = key;
    }
    return this.#signature;
  }

  #configuredKey(): string {
    const { secret } = this.#way;
    const key = this.#secrets.value(secret)?.trim();
    if (key === undefined) throw unavailable(`${sourceOf(secret)} cannot be read`);
    if (key === "") throw unavailable(`${sourceOf(secret)} is empty`);
    // Whoever sets such a header would fail with a message that quotes the key.
    if (!isHeaderValue(key))
      throw unavailable(`${sourceOf(secret)} holds characters that no header may have`);
    return key;
  }

  #write(key: string): Signature {
    const { name, scheme } = this.#way;
    return { set: [[name, scheme === "" ? key : `${scheme} ${key}`]] };
  }
}

/** `reason` is for the log: clients are not told where secrets are kept. */
export function unavailable(reason: string): ExchangeFailure {
  const message = "the credential for the upstream is not available";
  return new ExchangeFailure("credential_unavailable", message, { cause: new Error(reason) });
}

function sourceOf({ from, name }: SecretRef): string {
  switch (from) {
    case "environment":
      return `environment variable ${name}`;
    case "file":
      return `file ${name}`;
    case "literal":
      return name;
  }
}

function isHeaderValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || code === 0x7f || (code < 0x20 && code !== 0x09)) return false;
  }
  return true;
}
