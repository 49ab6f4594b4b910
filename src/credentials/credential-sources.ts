import type { Credential } from "../model/credential.ts";
import type { Key, Table } from "../model/origin.ts";
import type { Secrets } from "../model/values.ts";
import { AwsSigner } from "./aws/aws-signer.ts";
import { awsKeySource } from "./aws/aws-source.ts";
import type { AwsKeys } from "./aws/signature-v4.ts";
import { azureSource } from "./azure/azure-source.ts";
import { Fresh, type Obtained } from "./fresh.ts";
import { gcpSource } from "./gcp/gcp-source.ts";
import { HeaderSigner } from "./header-signer.ts";
import type { AccessToken } from "./oauth/access-token.ts";
import type { Of, Signer } from "./signer.ts";
import { TokenSigner } from "./token-signer.ts";
import { type CredentialWorld, credentialWorld } from "./world.ts";

/**
 * The signers of one gateway, load after load. Tokens outlive the load that asked for them: a credential whose print
 * is the same after a reload keeps what it has.
 */
export class CredentialSources {
  readonly #world: CredentialWorld;
  readonly #awsKeys = new Holders<AwsKeys>();
  readonly #tokens = new Holders<AccessToken>();

  constructor(world: Partial<CredentialWorld> = {}) {
    this.#world = credentialWorld(world);
  }

  /** The signers of a load's credentials, by key. What the load before had and this one has not is let go. */
  prepare(credentials: Table<Credential>, secrets: Secrets): ReadonlyMap<Key, Signer> {
    const signers = new Map(Object.values(credentials).map((one) => [one.key, this.#signer(one, secrets)]));
    this.#awsKeys.next();
    this.#tokens.next();
    return signers;
  }

  #signer(credential: Credential, secrets: Secrets): Signer {
    const { way } = credential;
    switch (way.type) {
      case "header":
        return new HeaderSigner({ ...credential, way }, secrets);
      case "aws":
        return this.#awsSigner({ ...credential, way }, secrets);
      case "azure":
        return this.#tokenSigner({ ...credential, way }, azureSource(way, secrets, this.#world));
      case "gcp":
        return this.#tokenSigner({ ...credential, way }, gcpSource(way, secrets, this.#world));
    }
  }

  #awsSigner(credential: Of<"aws">, secrets: Secrets): Signer {
    const { way, print, key } = credential;
    const keep = (obtain: () => Promise<Obtained<AwsKeys>>) =>
      this.#awsKeys.take(print, () => new Fresh(key, obtain, this.#world));
    return new AwsSigner(credential, awsKeySource(way, secrets, this.#world, keep), this.#world);
  }

  #tokenSigner(credential: Of<"azure"> | Of<"gcp">, obtain: () => Promise<Obtained<AccessToken>>): Signer {
    const { print, key } = credential;
    return new TokenSigner(
      credential,
      this.#tokens.take(print, () => new Fresh(key, obtain, this.#world)),
    );
  }
}

/** What is kept from one load to the next, by print. */
class Holders<T extends object> {
  #before = new Map<string, Fresh<T>>();
  #now = new Map<string, Fresh<T>>();

  /** What was not taken is let go, and its secrets with it. */
  next(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  take(print: string, make: () => Fresh<T>): Fresh<T> {
    const fresh = this.#now.get(print) ?? this.#before.get(print) ?? make();
    this.#now.set(print, fresh);
    return fresh;
  }
}
