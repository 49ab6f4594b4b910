export { prepareSigner } from "./prepare-signer.ts";
export type { Signature, Signer, Unsigned } from "./signer.ts";
export { isStripped } from "./strip.ts";
