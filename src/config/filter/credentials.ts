import { type Credential, type CredentialWay, metadataHeader } from "../../model/credential.ts";
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
  const content = { way, ...(override === undefined || way.type === "unavailable" ? {} : { override }) };
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
  const header = (name: string, scheme: "" | "Bearer", value: string, defaultHeader: string): FoundWay => {
    const trimmed = value.trim();
    const id = `${backend} ${name}`;
    const secret = secrets.add(
      { id, from: "literal", name: `the key of backend ${backend}`, at: 0 },
      trimmed,
    );
    const way: CredentialWay = { type: "header", name, scheme, secret };
    return trimmed === ""
      ? { way, defaultHeader, notice: "has an empty key: requests to it answer 503" }
      : { way, defaultHeader };
  };
  if (aws !== undefined) return unsupported("AWS credentials", "x-aigw-aws-");
  if (apiKey !== undefined) return header("authorization", "Bearer", apiKey.key, "x-aigw-api-key");
  if (azureAPIKey !== undefined) return header("api-key", "", azureAPIKey.key, "x-aigw-azure-api-key");
  if (azure !== undefined)
    return header("authorization", "Bearer", azure.accessToken, "x-aigw-azure-access-token");
  if (gcp !== undefined) return unsupported("Google credentials", "x-aigw-gcp-access-token");
  if (anthropicAPIKey !== undefined)
    return header("x-api-key", "", anthropicAPIKey.key, "x-aigw-anthropic-api-key");
  throw new Error("no backend auth handler found");
}

function unsupported(what: string, defaultHeader: string): FoundWay {
  const reason = `${what} are not supported yet`;
  const notice = `wants ${what}, which are not supported yet: requests to it answer 503`;
  return { way: { type: "unavailable", reason }, notice, defaultHeader };
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
