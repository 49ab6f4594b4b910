import type { Keyed } from "./origin.ts";
import type { SecretRef } from "./values.ts";

/** How requests to an upstream are signed. */
export interface Credential extends Keyed {
  readonly way: CredentialWay;
  /**
   * A credential that comes with the request, in this header (lower-case), is used instead of the configured one.
   * For AWS `header` is what the names of three headers begin with.
   */
  readonly override?: CredentialOverride;
}

export interface CredentialOverride {
  readonly header: string;
  readonly hasFallback: boolean;
}

/**
 * - `header`: a fixed key as the value of a header, after `scheme` and a space if there is one.
 * - `aws`: signatures of version 4. `file` is the text of a shared credentials file.
 * - `gcp`: an access token, and paths below the project and the region.
 * - `unavailable`: the credential cannot be had; requests to its backends fail, and others go on.
 */
export type CredentialWay =
  | {
      readonly type: "header";
      readonly name: string;
      readonly scheme: "" | "Bearer";
      readonly secret: SecretRef;
    }
  | { readonly type: "aws"; readonly region: string; readonly source: AwsSource }
  | { readonly type: "gcp"; readonly project: string; readonly region: string; readonly source: GcpSource }
  | UnavailableSource;

export type AwsSource =
  | { readonly type: "file"; readonly secret: SecretRef; readonly profile: string }
  | UnavailableSource;

export type GcpSource = UnavailableSource;

/** `reason` is for the log. */
export interface UnavailableSource {
  readonly type: "unavailable";
  readonly reason: string;
}
