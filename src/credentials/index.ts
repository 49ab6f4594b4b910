export { prepareSigner } from "./prepare-signer.ts";
export type { Signature, Signer } from "./signer.ts";
export { isStripped } from "./strip.ts";
