import {
  type AwsSource,
  type Credential,
  type CredentialWay,
  type GcpSource,
  metadataHeader,
} from "../../model/credential.ts";
import type { SecretRef } from "../../model/values.ts";
import { printOf } from "../compile/print.ts";
import type { SecretStore } from "../secrets.ts";
import type { FilterAuth } from "./schema.ts";

/** What goes with requests to one backend, and which of their headers must not travel on. */
export interface FilterCredential {
  readonly credential: Credential;
  readonly inputHeaders: readonly string[];
  /** For the operator. */
  readonly notice: string | undefined;
}

/** Throws an `Error` for an `auth` that says nothing. Of several ways the first of the reference's order counts. */
export function compileFilterCredential(
  backend: string,
  auth: FilterAuth,
  secrets: SecretStore,
): FilterCredential {
  const { way, notice, defaultHeader } = compileWay(backend, auth, secrets);
  const override = compileOverride(auth, defaultHeader);
  const content = { way, ...(override === undefined ? {} : { override }) };
  const credential = { key: backend, print: printOf({ backend, ...content }), at: 0, ...content };
  const inputHeaders = auth.credentialOverride?.inputHeadersToRemove ?? [];
  return { credential, inputHeaders: inputHeaders.map((name) => name.toLowerCase()), notice };
}

interface FoundWay {
  readonly way: CredentialWay;
  readonly notice?: string;
  /** Where a request may bring its own credential if no other header is named. */
  readonly defaultHeader: string;
}

function compileWay(backend: string, auth: FilterAuth, secrets: SecretStore): FoundWay {
  const { aws, apiKey, azureAPIKey, azure, gcp, anthropicAPIKey } = auth;
  const keep = (what: string, value: string): SecretRef =>
    secrets.add(
      { id: `${backend} ${what}`, from: "literal", name: `the ${what} of backend ${backend}`, at: 0 },
      value.trim(),
    );
  const header = (name: string, scheme: "" | "Bearer", value: string, defaultHeader: string): FoundWay => {
    const way: CredentialWay = { type: "header", name, scheme, secret: keep("key", value) };
    return value.trim() === ""
      ? { way, defaultHeader, notice: "has an empty key: requests to it answer 503" }
      : { way, defaultHeader };
  };
  if (aws !== undefined) {
    const { credentialFileLiteral: text, region } = aws;
    const source: AwsSource =
      text === ""
        ? { type: "chain" }
        : { type: "file", secret: keep("credentials file", text), profile: "default" };
    return { way: { type: "aws", region, source }, defaultHeader: "x-aigw-aws-" };
  }
  if (apiKey !== undefined) return header("authorization", "Bearer", apiKey.key, "x-aigw-api-key");
  if (azureAPIKey !== undefined) return header("api-key", "", azureAPIKey.key, "x-aigw-azure-api-key");
  if (azure !== undefined)
    return header("authorization", "Bearer", azure.accessToken, "x-aigw-azure-access-token");
  if (gcp !== undefined) {
    const { accessToken, projectName: project, region } = gcp;
    const source: GcpSource =
      accessToken === "" ? { type: "ambient" } : { type: "token", secret: keep("token", accessToken) };
    return { way: { type: "gcp", project, region, source }, defaultHeader: "x-aigw-gcp-access-token" };
  }
  if (anthropicAPIKey !== undefined)
    return header("x-api-key", "", anthropicAPIKey.key, "x-aigw-anthropic-api-key");
  throw new Error("no backend auth handler found");
}

/** A header is looked at before metadata. */
function compileOverride({ credentialOverride: override }: FilterAuth, defaultHeader: string) {
  if (override === undefined) return undefined;
  const { headerName, dynamicMetadataNamespace: namespace, dynamicMetadataKey: key } = override;
  const hasFallback = override.fallbackToConfigured;
  if (headerName === "" && namespace !== "") {
    return { header: metadataHeader(namespace, key === "" ? defaultHeader : key), hasFallback };
  }
  return { header: (headerName === "" ? defaultHeader : headerName).toLowerCase(), hasFallback };
}
