export { placeOf } from "./aws/place.ts";
export { CredentialSources } from "./credential-sources.ts";
export type { Refusal, Signature, Signer } from "./signer.ts";
export { isStripped } from "./strip.ts";
export type { CredentialLog, TokenRequest } from "./world.ts";
