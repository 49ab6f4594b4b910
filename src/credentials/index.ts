export { CredentialSources } from "./credential-sources.ts";
export type { Refusal, Signature, Signer, Unsigned } from "./signer.ts";
export { isStripped } from "./strip.ts";
export type { CredentialLog, CredentialWorld, TokenRequest } from "./world.ts";
