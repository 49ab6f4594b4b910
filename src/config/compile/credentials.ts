import type { Credential, CredentialWay } from "../../model/credential.ts";
import { identity } from "../inventory.ts";
import { originOf, type Resource } from "../resource.ts";
import type { CredentialType } from "../resources/ai-gateway/backend-security-policy.ts";
import { groups, type SecretReference } from "../resources/common.ts";
import { refer } from "../secrets.ts";
import { compileAws, compileAzure, compileGcp } from "./cloud-credentials.ts";
import { sortByName } from "./conflicts.ts";
import type { Context } from "./context.ts";
import { isHeaderValue } from "./edits.ts";
import { printOf } from "./print.ts";
import { type Policy, sayEmpty, secretEntry } from "./secret-entry.ts";

export interface Credentials {
  readonly all: readonly Credential[];
  /** The one that goes with requests to an AIServiceBackend. */
  of(backend: Resource<"AIServiceBackend">): Credential | undefined;
}

export function compileCredentials(context: Context): Credentials {
  const { inventory } = context;
  const all: Credential[] = [];
  const byTarget = new Map<string, { policy: Policy; credential: Credential | undefined }>();
  for (const policy of sortByName(inventory.all("BackendSecurityPolicy"))) {
    const credential = compileCredential(context, policy);
    if (credential !== undefined) all.push(credential);
    for (const [index, { kind, name }] of policy.value.spec.targetRefs.entries()) {
      if (kind !== "AIServiceBackend") continue;
      const target = { group: groups.ai, kind, namespace: policy.id.namespace, name };
      const rival = byTarget.get(identity(target));
      if (rival !== undefined) saySeveral(context, policy, rival.policy, index, name);
      else byTarget.set(identity(target), { policy, credential });
      if (inventory.find("AIServiceBackend", policy.id.namespace, name).type === "missing") {
        const message = `references AIServiceBackend ${JSON.stringify(name)}, which is not in the configuration`;
        context.report.error(
          originOf(policy, ["spec", "targetRefs", index, "name"]),
          "missing-target",
          message,
        );
      }
    }
  }
  return { all, of: (backend) => byTarget.get(identity(backend.id))?.credential };
}

function saySeveral({ report }: Context, policy: Policy, rival: Policy, index: number, name: string): void {
  const names = [rival, policy].map(({ id }) => `${id.namespace}/${id.name}`).join(", ");
  const message = `multiple BackendSecurityPolicies found for AIServiceBackend ${name}: ${names}`;
  report.error(originOf(policy, ["spec", "targetRefs", index]), "several-credentials", message, {
    related: [["the other one", originOf(rival)]],
  });
}

function compileCredential(context: Context, policy: Policy): Credential | undefined {
  const way = compileWay(context, policy);
  const override = compileOverride(context, policy);
  if (way === undefined) return undefined;
  const { namespace, name } = policy.id;
  const content = { way, ...(override === undefined ? {} : { override }) };
  const print = printOf({ id: { kind: policy.kind, namespace, name }, ...content });
  return { key: `${namespace}/${name}`, print, at: context.origins.at(policy), ...content };
}

function compileWay(context: Context, policy: Policy): CredentialWay | undefined {
  const { spec } = policy.value;
  switch (spec.type) {
    case "APIKey":
      return headerWay(context, policy, "apiKey", spec.apiKey, "authorization", "Bearer");
    case "AzureAPIKey":
      return headerWay(context, policy, "azureAPIKey", spec.azureAPIKey, "api-key", "");
    case "AnthropicAPIKey":
      return headerWay(context, policy, "anthropicAPIKey", spec.anthropicAPIKey, "x-api-key", "");
    case "AWSCredentials":
      return compileAws(context, policy, spec.awsCredentials);
    case "AzureCredentials":
      return compileAzure(context, policy, spec.azureCredentials);
    case "GCPCredentials":
      return compileGcp(context, policy, spec.gcpCredentials);
  }
}

function headerWay(
  context: Context,
  policy: Policy,
  member: string,
  source: { readonly secretRef: SecretReference } | undefined,
  name: string,
  scheme: "" | "Bearer",
): CredentialWay | undefined {
  if (source === undefined) return undefined;
  const path = ["spec", member, "secretRef"];
  const found = secretEntry(context, policy, path, source.secretRef, ["apiKey"], false);
  if (found === undefined) return undefined;
  const { holder, entry } = found;
  const value = entry.value.trim();
  if (value === "") {
    sayEmpty(context, policy, holder, entry);
    return undefined;
  }
  if (!isHeaderValue(value)) {
    const message = "holds a line break or another character that a header cannot carry";
    context.report.error(originOf(holder, entry.path), "secret-value", message);
    return undefined;
  }
  const secret = refer(entry, holder, context.origins.at(holder, entry.path), context.secrets, true);
  return { type: "header", name, scheme, secret };
}

/** Where a request may bring its own credential unless the policy names another header. For AWS it is a prefix. */
const defaultHeaders: { readonly [type in CredentialType]: string } = {
  APIKey: "x-aigw-api-key",
  AnthropicAPIKey: "x-aigw-anthropic-api-key",
  AzureAPIKey: "x-aigw-azure-api-key",
  AzureCredentials: "x-aigw-azure-access-token",
  GCPCredentials: "x-aigw-gcp-access-token",
  AWSCredentials: "x-aigw-aws-",
};

function compileOverride({ report }: Context, policy: Policy): Credential["override"] {
  const { type, credentialOverride, gcpCredentials: gcp } = policy.value.spec;
  const source = credentialOverride?.fromRequestHeaders;
  if (source === undefined) return undefined;
  const isAmbient = gcp !== undefined && !gcp.credentialsFile && !gcp.workloadIdentityFederationConfig;
  if (isAmbient && source.fallbackToConfigured) {
    const origin = originOf(policy, ["spec", "credentialOverride", "fromRequestHeaders"]);
    const message =
      "credentialOverride with fallbackToConfigured=true requires a static credential to be configured";
    report.error(origin, "override-without-credential", message, {
      mend: "write fallbackToConfigured: false",
    });
  }
  return {
    header: (source.header ?? defaultHeaders[type]).toLowerCase(),
    hasFallback: source.fallbackToConfigured,
  };
}
