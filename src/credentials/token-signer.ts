import type { CredentialOverride } from "../model/credential.ts";
import { overrideHeaders } from "../policy/override-headers.ts";
import type { Fresh } from "./fresh.ts";
import type { AccessToken } from "./oauth/access-token.ts";
import { requestCredential } from "./request-credential.ts";
import type { Of, Refusal, Signature, Signer, Unsigned } from "./signer.ts";
import { credentialHeaders } from "./strip.ts";
import { asUnavailable } from "./unavailable.ts";

/** Sends a token as a bearer: the request's own where that may be, else one that its source keeps fresh. */
export class TokenSigner implements Signer {
  readonly strip: readonly string[];
  readonly #override: CredentialOverride | undefined;
  readonly #source: Fresh<AccessToken>;
  /** Goes in front of paths; dialects of Google write what follows the project and its region. */
  readonly #prefix: string | undefined;
  #token: AccessToken | undefined;
  #set: Signature["set"] = [];

  constructor(credential: Of<"azure"> | Of<"gcp">, source: Fresh<AccessToken>) {
    const { way, override } = credential;
    this.#override = override;
    this.#source = source;
    this.#prefix = way.type === "gcp" ? `/v1/projects/${way.project}/locations/${way.region}` : undefined;
    this.strip = [...credentialHeaders, ...overrideHeaders(credential)];
  }

  sign(request: Unsigned): Signature | Promise<Signature> {
    const own = requestCredential(request.headers, this.#override);
    if (own !== undefined) return this.#complete(request, { set: [["authorization", `Bearer ${own}`]] });
    const token = this.#source.get();
    if (!(token instanceof Promise)) return this.#signConfigured(request, token);
    return token.then((value) => this.#signConfigured(request, value), asUnavailable);
  }

  refused({ credential }: Signature, { status }: Refusal): boolean {
    if (credential === undefined || (status !== 401 && status !== 403)) return false;
    return this.#source.refuse(credential as AccessToken);
  }

  #signConfigured(request: Unsigned, token: AccessToken): Signature {
    if (token !== this.#token) {
      this.#set = headersOf(token);
      this.#token = token;
    }
    return this.#complete(request, { set: this.#set, credential: token });
  }

  #complete({ path }: Unsigned, signature: Signature): Signature {
    if (this.#prefix === undefined) return signature;
    return { ...signature, path: path.startsWith("/") ? this.#prefix + path : `${this.#prefix}/${path}` };
  }
}

function headersOf({ token, quotaProject }: AccessToken): Signature["set"] {
  const bearer = ["authorization", `Bearer ${token}`] as const;
  return quotaProject === undefined ? [bearer] : [bearer, ["x-goog-user-project", quotaProject]];
}
