import type { Keyed } from "./origin.ts";
import type { SecretRef } from "./values.ts";

/** How requests to an upstream are signed. */
export interface Credential extends Keyed {
  readonly way: CredentialWay;
  /**
   * A credential that comes with the request, in this header (lower-case), is used instead of the configured one.
   * See `metadataHeader` for what comes beside the headers.
   */
  readonly override?: { readonly header: string; readonly hasFallback: boolean };
}

/**
 * - `header`: a fixed key as the value of a header, after `scheme` and a space if there is one.
 * - `unavailable`: the credential cannot be had; requests to its backends fail, and others go on.
 */
export type CredentialWay =
  | {
      readonly type: "header";
      readonly name: string;
      readonly scheme: "" | "Bearer";
      readonly secret: SecretRef;
    }
  | { readonly type: "unavailable"; readonly reason: string };

/**
 * What Envoy's dynamic metadata under a namespace and a key is called where a header is named. No client can send such
 * a header; the engine that gets metadata lays it over the client's headers.
 */
export function metadataHeader(namespace: string, key: string): string {
  return `${metadataHeaderPrefix}${namespace}/${key}`;
}

export const metadataHeaderPrefix = ":metadata/";
