import type { Keyed } from "./origin.ts";
import type { SecretRef } from "./values.ts";

/** How requests to an upstream are signed. */
export interface Credential extends Keyed {
  readonly way: CredentialWay;
  /**
   * A credential that comes with the request, in this header (lower-case), is used instead of the configured one.
   * For AWS `header` is what the names of three headers begin with. See `metadataHeader` for what comes beside headers.
   */
  readonly override?: CredentialOverride;
}

export interface CredentialOverride {
  readonly header: string;
  readonly hasFallback: boolean;
}

/**
 * - `header`: a fixed key as the value of a header, after `scheme` and a space if there is one.
 * - `aws`: signatures of version 4.
 * - `azure`: an access token of Entra ID.
 * - `gcp`: an access token of Google, and paths below the project and the region.
 */
export type CredentialWay =
  | {
      readonly type: "header";
      readonly name: string;
      readonly scheme: "" | "Bearer";
      readonly secret: SecretRef;
    }
  | { readonly type: "aws"; readonly region: string; readonly source: AwsSource }
  | {
      readonly type: "azure";
      readonly tenantId: string;
      readonly clientId: string;
      readonly source: AzureSource;
    }
  | { readonly type: "gcp"; readonly project: string; readonly region: string; readonly source: GcpSource };

/**
 * - `file`: the text of a shared credentials file.
 * - `chain`: what the surroundings offer, from variables to the machine's metadata service.
 */
export type AwsSource =
  | { readonly type: "file"; readonly secret: SecretRef; readonly profile: string }
  | { readonly type: "chain" };

/**
 * - `secret`: the client's password.
 * - `certificate`: PEM with the client's certificate and its private key.
 * - `exchange`: a token of another OpenID provider.
 * - `ambient`: the first of these that is there.
 */
export type AzureSource =
  | { readonly type: "secret" | "certificate"; readonly secret: SecretRef }
  | { readonly type: "exchange"; readonly client: OidcClient }
  | { readonly type: "ambient"; readonly identities: readonly AzureIdentity[] };

export const azureIdentities = ["environment", "workload", "managed", "cli"] as const;
export type AzureIdentity = (typeof azureIdentities)[number];

/**
 * - `key`: the JSON of a service account's key, or of another kind of credential that Google knows.
 * - `token`: an access token as it is, which somebody else keeps fresh.
 * - `exchange`: a token of another OpenID provider, for which `audience` gives one of Google's own; then one of the
 *   service account (its email address), if there is one.
 * - `ambient`: Application Default Credentials.
 */
export type GcpSource =
  | { readonly type: "key" | "token"; readonly secret: SecretRef }
  | {
      readonly type: "exchange";
      readonly client: OidcClient;
      readonly audience: string;
      readonly serviceAccount?: string;
    }
  | { readonly type: "ambient" };

/** A client of an OpenID provider. `tokenEndpoint`: otherwise found through the issuer's discovery document. */
export interface OidcClient {
  readonly issuer: string;
  readonly tokenEndpoint?: string;
  readonly clientId: string;
  readonly secret: SecretRef;
  readonly scopes: readonly string[];
  /** `client_credentials` unless said otherwise. */
  readonly grantType?: string;
  readonly audience?: string;
}

/**
 * What Envoy's dynamic metadata under a namespace and a key is called where a header is named. No client can send such
 * a header; the engine that gets metadata lays it over the client's headers.
 */
export function metadataHeader(namespace: string, key: string): string {
  return `${metadataHeaderPrefix}${namespace}/${key}`;
}

export const metadataHeaderPrefix = ":metadata/";
