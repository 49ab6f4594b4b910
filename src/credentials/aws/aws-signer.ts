import type { AwsSource, CredentialOverride } from "../../model/credential.ts";
import type { Secrets } from "../../model/values.ts";
import { overrideHeaders } from "../../policy/override-headers.ts";
import type { Of, Signature, Signer, Unsigned } from "../signer.ts";
import { credentialHeaders } from "../strip.ts";
import { secretValue, sourceOf, unavailable } from "../unavailable.ts";
import { placeOf } from "./place.ts";
import { requestKeys } from "./request-keys.ts";
import { readSharedFile, staticKeys } from "./shared-file.ts";
import { type AwsKeys, SigningKeys, signV4 } from "./signature-v4.ts";

/** What Bedrock's runtime calls itself in signatures. */
const service = "bedrock";

/** Signs for Bedrock, with the request's own keys where they may be overridden, else with the configured ones. */
export class AwsSigner implements Signer {
  readonly strip: readonly string[];
  readonly #region: string;
  readonly #override: CredentialOverride | undefined;
  readonly #keys: () => AwsKeys;
  readonly #signingKeys = new SigningKeys();

  constructor(credential: Of<"aws">, secrets: Secrets) {
    const { way, override } = credential;
    this.#region = way.region;
    this.#override = override;
    this.#keys = keySource(way.source, secrets);
    this.strip = [...credentialHeaders, ...overrideHeaders(credential)];
  }

  sign({ method, path, headers, body, upstreamHost }: Unsigned): Signature {
    const keys = requestKeys(headers, this.#override) ?? this.#keys();
    const { host, region } = placeOf(upstreamHost, this.#region);
    const signable = { method, path, host, body };
    const signed = signV4(signable, keys, { region, service }, new Date(), this.#signingKeys);
    return { set: [["host", host], ...signed] };
  }
}

/** Reads the file once for each text that it has. */
function keySource(source: AwsSource, secrets: Secrets): () => AwsKeys {
  if (source.type === "unavailable") {
    return () => {
      throw unavailable(source.reason);
    };
  }
  let text = "";
  let keys: AwsKeys | undefined;
  return () => {
    const current = secretValue(secrets, source.secret);
    if (keys === undefined || current !== text) {
      keys = keysOf(current, source.profile, sourceOf(source.secret));
      text = current;
    }
    return keys;
  };
}

function keysOf(text: string, profileName: string, file: string): AwsKeys {
  const profile = readSharedFile(text).get(profileName);
  if (profile === undefined) throw unavailable(`${file} has no profile "${profileName}"`);
  const keys = staticKeys(profile);
  if (keys === undefined) {
    throw unavailable(
      `profile "${profileName}" of ${file} has no aws_access_key_id and aws_secret_access_key`,
    );
  }
  return keys;
}
