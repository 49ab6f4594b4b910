import type { Secrets } from "../../model/values.ts";
import type { Fresh, Obtained } from "../fresh.ts";
import type { Of } from "../signer.ts";
import { holdSecret, secretValue, sourceOf, unavailable } from "../unavailable.ts";
import type { CredentialWorld } from "../world.ts";
import { awsChain } from "./chain.ts";
import { obtainByProfile, readKeys } from "./profile.ts";
import type { AwsKeys } from "./signature-v4.ts";

/** Where a signer's keys come from. */
export interface AwsKeySource {
  get(): AwsKeys | Promise<AwsKeys>;
  /** See `Fresh.refuse`. */
  refuse(keys: AwsKeys): boolean;
}

type Keep = (obtain: () => Promise<Obtained<AwsKeys>>) => Fresh<AwsKeys>;

/** `keep` makes, or finds again, the holder of keys that expire. */
export function awsKeySource(
  { region, source }: Of<"aws">["way"],
  secrets: Secrets,
  world: CredentialWorld,
  keep: Keep,
): AwsKeySource {
  if (source.type === "chain") return keep(awsChain(region, world));
  const { profile, secret } = source;
  const where = sourceOf(secret);
  const text = holdSecret(secrets, secret);
  try {
    if (readKeys(text(), profile, where) !== undefined) return new KeysInFile(source, secrets);
    return keep(async () => await obtainByProfile(text(), profile, region, world));
  } catch {
    // Not a reason to refuse a model; each request is told why.
    return new KeysInFile(source, secrets);
  }
}

/** Keys that stand in the file: read anew when its text has changed. */
class KeysInFile implements AwsKeySource {
  readonly #source: Extract<Of<"aws">["way"]["source"], { readonly type: "file" }>;
  readonly #secrets: Secrets;
  #text = "";
  #keys: AwsKeys | undefined;

  constructor(source: Extract<Of<"aws">["way"]["source"], { readonly type: "file" }>, secrets: Secrets) {
    this.#source = source;
    this.#secrets = secrets;
  }

  get(): AwsKeys {
    const { secret, profile } = this.#source;
    const text = secretValue(this.#secrets, secret);
    if (this.#keys === undefined || text !== this.#text) {
      this.#keys = this.#read(text, profile, sourceOf(secret));
      this.#text = text;
    }
    return this.#keys;
  }

  refuse(): boolean {
    return false;
  }

  #read(text: string, profile: string, where: string): AwsKeys {
    let reason = `profile "${profile}" of ${where} has changed its kind; the configuration has to be read again`;
    try {
      const keys = readKeys(text, profile, where);
      if (keys !== undefined) return keys;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    throw unavailable(reason);
  }
}
