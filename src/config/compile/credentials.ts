import type { Credential, CredentialWay } from "../../model/credential.ts";
import type { Path } from "../diagnostics.ts";
import { identity } from "../inventory.ts";
import type { ValueOf } from "../kinds.ts";
import { originOf, type Resource } from "../resource.ts";
import type { CredentialType } from "../resources/ai-gateway/backend-security-policy.ts";
import { groups, type SecretReference } from "../resources/common.ts";
import { type Entry, refer } from "../secrets.ts";
import type { Context } from "./context.ts";
import { isHeaderValue } from "./edits.ts";
import { printOf } from "./print.ts";
import { sortByName } from "./tls.ts";

type Policy = Resource<"BackendSecurityPolicy">;
type Spec = ValueOf<"BackendSecurityPolicy">["spec"];

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
  const content = { way, ...(override === undefined || way.type === "unavailable" ? {} : { override }) };
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
    case "AzureCredentials":
    case "GCPCredentials":
      checkCloud(context, policy, spec);
      return unavailable(context, policy, spec.type);
  }
}

function unavailable({ report }: Context, policy: Policy, type: CredentialType): CredentialWay {
  const reason = `${type} is not supported yet`;
  const targets = policy.value.spec.targetRefs.map(({ name }) => name).join(", ");
  const message = `${reason}: this backend answers 503 (${targets === "" ? "no backend uses it" : targets})`;
  report.warning(originOf(policy, ["spec", "type"]), "unsupported-credential", message);
  return {
    type: "unavailable",
    reason: `${reason} (BackendSecurityPolicy ${policy.id.namespace}/${policy.id.name})`,
  };
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
  const found = secretEntry(context, policy, path, source.secretRef, "apiKey", false);
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

function sayEmpty(
  { report }: Context,
  policy: Policy,
  holder: Resource,
  { path, unset, from, name }: Entry,
): void {
  const cause = unset === undefined ? "" : `: $${unset} is not set`;
  const source = from === "literal" ? "" : ` (from ${name})`;
  const remedy = unset === undefined ? "give it a value" : `set ${unset}`;
  report.error(originOf(holder, path), "empty-secret", `is empty${source}${cause}`, {
    mend: `${remedy}, or leave out the BackendSecurityPolicy for a server that wants no key`,
    related: [["used here", originOf(policy)]],
  });
}

/** The Secret's entry that a policy refers to. Only some types look into other namespances: `isNamespaceHonoured`. */
function secretEntry(
  { inventory, entries, report }: Context,
  policy: Policy,
  path: Path,
  ref: SecretReference,
  key: string,
  isNamespaceHonoured: boolean,
): { readonly holder: Resource<"Secret">; readonly entry: Entry } | undefined {
  const own = policy.id.namespace;
  if (ref.kind !== "Secret" || ref.group !== "") {
    report.error(
      originOf(policy, [...path, "kind"]),
      "wrong-reference",
      `must reference a Secret, not ${ref.kind}`,
    );
    return undefined;
  }
  if (!isNamespaceHonoured && ref.namespace !== undefined && ref.namespace !== own) {
    const message = `is not looked at for this type: the Secret is taken from namespace ${own}`;
    report.warning(originOf(policy, [...path, "namespace"]), "namespace-ignored", message);
  }
  const namespace = isNamespaceHonoured ? (ref.namespace ?? own) : own;
  const found = inventory.find("Secret", namespace, ref.name);
  if (found.type === "missing") {
    const message = `references Secret "${namespace}/${ref.name}", which is not in the configuration`;
    report.error(originOf(policy, [...path, "name"]), "missing-reference", message);
  }
  if (found.type !== "found") return undefined;
  const entry = entries.get(found.resource)?.get(key);
  if (entry === undefined) {
    report.error(
      originOf(policy, path),
      "missing-key",
      `secret ${namespace}/${ref.name} does not contain '${key}' key`,
      {
        related: [["the Secret", originOf(found.resource)]],
      },
    );
    return undefined;
  }
  return { holder: found.resource, entry };
}

/** What can be said of a cloud credential before anything is asked for a token. */
function checkCloud(context: Context, policy: Policy, spec: Spec): void {
  const { awsCredentials: aws, azureCredentials: azure, gcpCredentials: gcp } = spec;
  if (aws?.oidcExchangeToken !== undefined) {
    const origin = originOf(policy, ["spec", "awsCredentials", "oidcExchangeToken"]);
    context.report.error(origin, "oidc-exchange", `OIDC exchange token is not supported: ${policy.id.name}`);
  }
  if (aws?.credentialsFile !== undefined) {
    const path = ["spec", "awsCredentials", "credentialsFile", "secretRef"];
    secretEntry(context, policy, path, aws.credentialsFile.secretRef, "credentials", false);
  }
  if (azure?.clientSecretRef !== undefined) {
    const path = ["spec", "azureCredentials", "clientSecretRef"];
    secretEntry(context, policy, path, azure.clientSecretRef, "client-secret", true);
  }
  if (gcp?.credentialsFile !== undefined) {
    const path = ["spec", "gcpCredentials", "credentialsFile", "secretRef"];
    secretEntry(context, policy, path, gcp.credentialsFile.secretRef, "service_account.json", true);
  }
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
