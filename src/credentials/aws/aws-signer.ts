import type { CredentialOverride } from "../../model/credential.ts";
import { overrideHeaders } from "../../policy/override-headers.ts";
import type { Of, Refusal, Signature, Signer, Unsigned } from "../signer.ts";
import { credentialHeaders } from "../strip.ts";
import { asUnavailable } from "../unavailable.ts";
import { type CredentialWorld, variable } from "../world.ts";
import type { AwsKeySource } from "./aws-source.ts";
import { placeOf } from "./place.ts";
import { requestKeys } from "./request-keys.ts";
import { type AwsKeys, SigningKeys, signV4 } from "./signature-v4.ts";

/** What Bedrock's runtime calls itself in signatures. */
const service = "bedrock";

/** AWS tolerates five minutes; below one a refusal has another reason. */
const worthCorrectingMs = 60_000;

const staleKeys = [
  "ExpiredTokenException",
  "ExpiredToken",
  "UnrecognizedClientException",
  "InvalidClientTokenId",
];
const wrongTime = [
  "InvalidSignatureException",
  "SignatureDoesNotMatch",
  "RequestTimeTooSkewed",
  "RequestExpired",
];

/** Signs for Bedrock, with the request's own keys where they may be overridden, else with the configured ones. */
export class AwsSigner implements Signer {
  readonly strip: readonly string[];
  readonly #region: string;
  readonly #override: CredentialOverride | undefined;
  readonly #keys: AwsKeySource;
  readonly #bearer: string | undefined;
  readonly #world: CredentialWorld;
  readonly #signingKeys = new SigningKeys();
  /** How far AWS's clock is ahead of ours, as far as we were told. */
  #aheadMs = 0;

  constructor(credential: Of<"aws">, keys: AwsKeySource, world: CredentialWorld) {
    const { way, override } = credential;
    this.#region = way.region;
    this.#override = override;
    this.#keys = keys;
    this.#world = world;
    this.#bearer =
      way.source.type === "chain" ? variable(world, "AWS_BEARER_TOKEN_BEDROCK")?.trim() : undefined;
    this.strip = [...credentialHeaders, ...overrideHeaders(credential)];
  }

  sign(request: Unsigned): Signature | Promise<Signature> {
    const own = requestKeys(request.headers, this.#override);
    if (own !== undefined) return this.#sign(request, own);
    if (this.#bearer !== undefined) return { set: [["authorization", `Bearer ${this.#bearer}`]] };
    const keys = this.#keys.get();
    if (!(keys instanceof Promise)) return this.#signConfigured(request, keys);
    return keys.then((value) => this.#signConfigured(request, value), asUnavailable);
  }

  refused({ credential }: Signature, { status, headers }: Refusal): boolean {
    if (credential === undefined || (status !== 401 && status !== 403 && status !== 400)) return false;
    const type = headers.get("x-amzn-errortype")?.split(":")[0]?.trim() ?? "";
    if (wrongTime.includes(type)) return this.#correctClock(headers.get("date"));
    const isStale = type === "" ? status !== 400 : staleKeys.includes(type);
    return isStale && this.#keys.refuse(credential as AwsKeys);
  }

  #signConfigured(request: Unsigned, keys: AwsKeys): Signature {
    return { ...this.#sign(request, keys), credential: keys };
  }

  #sign({ method, path, body, upstreamHost }: Unsigned, keys: AwsKeys): Signature {
    const { host, region } = placeOf(upstreamHost, this.#region);
    const time = new Date(this.#world.nowMs() + this.#aheadMs);
    const signable = { method, path, host, body };
    return { set: [["host", host], ...signV4(signable, keys, { region, service }, time, this.#signingKeys)] };
  }

  #correctClock(date: string | null): boolean {
    const aheadMs = Date.parse(date ?? "") - this.#world.nowMs();
    if (Number.isNaN(aheadMs) || Math.abs(aheadMs - this.#aheadMs) < worthCorrectingMs) return false;
    this.#aheadMs = aheadMs;
    return true;
  }
}
