import { createHash } from "node:crypto";
import type { SecretRef, Secrets } from "../../../model/values.ts";
import { fileSource, type JsonObject, type Resource, typed } from "./proto.ts";

/** Collects what goes to secret discovery: the values are there and nowhere else. Each has a file of its own. */
export class SecretFiles {
  readonly #secrets: Secrets;
  readonly #directory: string;
  readonly #byName = new Map<string, Resource>();

  constructor(secrets: Secrets, directory: string) {
    this.#secrets = secrets;
    this.#directory = directory;
  }

  get resources(): readonly Resource[] {
    return [...this.#byName.values()];
  }

  /** Certificate authorities, as an `SdsSecretConfig`. */
  authorities(refs: readonly SecretRef[]): JsonObject {
    const name = nameOf("ca", refs);
    if (!this.#byName.has(name)) {
      const pem = refs.flatMap((ref) => this.#secrets.value(ref) ?? []).join("\n");
      const validation_context = { trusted_ca: { inline_string: pem } };
      this.#byName.set(name, {
        name,
        value: typed("envoy.extensions.transport_sockets.tls.v3.Secret", { name, validation_context }),
      });
    }
    return { name, sds_config: fileSource(this.#directory, secretFile(name)) };
  }

  /** A certificate and its key, as an `SdsSecretConfig`. */
  certificate(chain: SecretRef, key: SecretRef): JsonObject {
    const name = nameOf("certificate", [chain, key]);
    if (!this.#byName.has(name)) {
      const text = (ref: SecretRef) => ({ inline_string: this.#secrets.value(ref) ?? "" });
      const tls_certificate = { certificate_chain: text(chain), private_key: text(key) };
      this.#byName.set(name, {
        name,
        value: typed("envoy.extensions.transport_sockets.tls.v3.Secret", { name, tls_certificate }),
      });
    }
    return { name, sds_config: fileSource(this.#directory, secretFile(name)) };
  }

  /** The value of a header, as an `SdsSecretConfig`. */
  generic(ref: SecretRef): JsonObject {
    const name = nameOf("value", [ref]);
    if (!this.#byName.has(name)) {
      const secret = { inline_string: this.#secrets.value(ref) ?? "" };
      this.#byName.set(name, {
        name,
        value: typed("envoy.extensions.transport_sockets.tls.v3.Secret", {
          name,
          generic_secret: { secret },
        }),
      });
    }
    return { name, sds_config: fileSource(this.#directory, secretFile(name)) };
  }
}

export function secretFile(name: string): string {
  return `sds-${name}.json`;
}

/** By what it is called, not by its value: a new value under an old name is a rotation. */
function nameOf(kind: string, refs: readonly SecretRef[]): string {
  const ids = JSON.stringify(refs.map(({ id }) => id));
  return `${kind}-${createHash("sha256").update(ids).digest("hex").slice(0, 16)}`;
}
