import {
  type AzureIdentity,
  type AzureSource,
  azureIdentities,
  type CredentialWay,
  type GcpSource,
} from "../../model/credential.ts";
import type { Path } from "../diagnostics.ts";
import type { ValueOf } from "../kinds.ts";
import { originOf } from "../resource.ts";
import type { Context } from "./context.ts";
import { compileOidc } from "./oidc.ts";
import { type Policy, referTo } from "./secret-entry.ts";

type Spec = ValueOf<"BackendSecurityPolicy">["spec"];

/** `undefined` after a complaint. */
export function compileAws(
  context: Context,
  policy: Policy,
  aws: Spec["awsCredentials"],
): CredentialWay | undefined {
  if (aws === undefined) return undefined;
  const { region, credentialsFile: file, oidcExchangeToken: exchange } = aws;
  if (exchange !== undefined) {
    const origin = originOf(policy, ["spec", "awsCredentials", "oidcExchangeToken"]);
    context.report.error(origin, "oidc-exchange", `OIDC exchange token is not supported: ${policy.id.name}`);
    return undefined;
  }
  if (file === undefined) return { type: "aws", region, source: { type: "chain" } };
  const path = ["spec", "awsCredentials", "credentialsFile", "secretRef"];
  const secret = referTo(context, policy, path, file.secretRef, ["credentials"], false);
  if (secret === undefined) return undefined;
  if (!hasProfile(context.secrets.value(secret) ?? "", file.profile)) {
    const at = ["spec", "awsCredentials", "credentialsFile"];
    sayUnusable(context, policy, at, `profile ${JSON.stringify(file.profile)} is not in the file`);
  }
  return { type: "aws", region, source: { type: "file", secret, profile: file.profile } };
}

function hasProfile(text: string, name: string): boolean {
  const sections = text.matchAll(/^\s*\[\s*(?:profile\s+)?["']?([^\]"']+?)["']?\s*\]/gm);
  return [...sections].some(([, section]) => section === name);
}

/** `undefined` after a complaint. */
export function compileAzure(
  context: Context,
  policy: Policy,
  azure: Spec["azureCredentials"],
): CredentialWay | undefined {
  if (azure === undefined) return undefined;
  const { tenantID: tenantId, clientID: clientId } = azure;
  if (!/^[A-Za-z0-9.-]+$/.test(tenantId)) {
    sayUnusable(
      context,
      policy,
      ["spec", "azureCredentials", "tenantID"],
      "is not a tenant's ID or domain name",
    );
  }
  const source = azureSource(context, policy, azure);
  return source && { type: "azure", tenantId, clientId, source };
}

/** For one's own machine: the policy keeps its secret for the cluster, and here another identity is used. */
const identityAnnotation = "credentials.aigw.run/azure-identity";

function azureSource(
  context: Context,
  policy: Policy,
  { clientSecretRef, oidcExchangeToken: exchange }: NonNullable<Spec["azureCredentials"]>,
): AzureSource | undefined {
  const asked = policy.value.metadata.annotations[identityAnnotation];
  if (asked !== undefined) return ambientSource(context, policy, asked);
  if (exchange !== undefined) {
    const client = compileOidc(context, policy, ["spec", "azureCredentials", "oidcExchangeToken"], exchange);
    return client && { type: "exchange", client };
  }
  if (clientSecretRef === undefined) return undefined;
  const path = ["spec", "azureCredentials", "clientSecretRef"];
  const keys = ["client-secret", "client-certificate"] as const;
  const secret = referTo(context, policy, path, clientSecretRef, [...keys], true);
  return secret && { type: secret.id.endsWith(" client-certificate") ? "certificate" : "secret", secret };
}

function ambientSource(context: Context, policy: Policy, asked: string): AzureSource | undefined {
  if (asked === "default") return { type: "ambient", identities: azureIdentities };
  const identity = azureIdentities.find((one): one is AzureIdentity => one === asked);
  if (identity !== undefined) return { type: "ambient", identities: [identity] };
  const origin = originOf(policy, ["metadata", "annotations", identityAnnotation]);
  const message = `Unsupported value: ${JSON.stringify(asked)}: supported values: "default", ${azureIdentities.map((one) => JSON.stringify(one)).join(", ")}`;
  context.report.error(origin, "azure-identity", message);
  return undefined;
}

/** `undefined` after a complaint. */
export function compileGcp(
  context: Context,
  policy: Policy,
  gcp: Spec["gcpCredentials"],
): CredentialWay | undefined {
  if (gcp === undefined) return undefined;
  const { projectName: project, region } = gcp;
  const source = gcpSource(context, policy, gcp);
  return source && { type: "gcp", project, region, source };
}

function gcpSource(
  context: Context,
  policy: Policy,
  gcp: NonNullable<Spec["gcpCredentials"]>,
): GcpSource | undefined {
  const { credentialsFile: file, workloadIdentityFederationConfig: federation } = gcp;
  if (file !== undefined) {
    const path = ["spec", "gcpCredentials", "credentialsFile", "secretRef"];
    const secret = referTo(context, policy, path, file.secretRef, ["service_account.json"], true);
    if (secret === undefined) return undefined;
    const problem = problemOfKey(context.secrets.value(secret) ?? "");
    if (problem !== undefined) sayUnusable(context, policy, path, problem);
    return { type: "key", secret };
  }
  if (federation === undefined) return { type: "ambient" };
  const { projectID, workloadIdentityPoolName: pool, workloadIdentityProviderName: provider } = federation;
  const path = ["spec", "gcpCredentials", "workloadIdentityFederationConfig", "oidcExchangeToken"];
  const client = compileOidc(context, policy, path, federation.oidcExchangeToken);
  if (client === undefined) return undefined;
  const account = federation.serviceAccountImpersonation?.serviceAccountName;
  return {
    type: "exchange",
    client,
    audience: `//iam.googleapis.com/projects/${projectID}/locations/global/workloadIdentityPools/${pool}/providers/${provider}`,
    ...(account !== undefined && {
      serviceAccount: account.includes("@")
        ? account
        : `${account}@${gcp.projectName}.iam.gserviceaccount.com`,
    }),
  };
}

function problemOfKey(text: string): string | undefined {
  try {
    const key: unknown = JSON.parse(text);
    const isTyped = typeof key === "object" && key !== null && "type" in key && typeof key.type === "string";
    return isTyped ? undefined : "holds JSON that is no credential of Google: it has no type";
  } catch {
    return "holds no JSON";
  }
}

/** A credential that is there and cannot be used takes its backends out, and nothing else. */
function sayUnusable({ report }: Context, policy: Policy, path: Path, problem: string): void {
  const targets = policy.value.spec.targetRefs.map(({ name }) => name).join(", ");
  const consequence = `this backend answers 503 (${targets === "" ? "no backend uses it" : targets})`;
  report.warning(originOf(policy, path), "unusable-credential", `${problem}: ${consequence}`);
}
