import type { CredentialWay, UnavailableSource } from "../../model/credential.ts";
import type { ValueOf } from "../kinds.ts";
import { originOf } from "../resource.ts";
import type { CredentialType } from "../resources/ai-gateway/backend-security-policy.ts";
import { refer } from "../secrets.ts";
import type { Context } from "./context.ts";
import { type Policy, sayEmpty, secretEntry } from "./secret-entry.ts";

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
  if (file === undefined) {
    return { type: "aws", region, source: unavailable(context, policy, "AWSCredentials without a file") };
  }
  const path = ["spec", "awsCredentials", "credentialsFile", "secretRef"];
  const found = secretEntry(context, policy, path, file.secretRef, "credentials", false);
  if (found === undefined) return undefined;
  const { holder, entry } = found;
  if (entry.value.trim() === "") {
    sayEmpty(context, policy, holder, entry);
    return undefined;
  }
  const secret = refer(entry, holder, context.origins.at(holder, entry.path), context.secrets, false);
  return { type: "aws", region, source: { type: "file", secret, profile: file.profile } };
}

/** `undefined` after a complaint. */
export function compileAzure(
  context: Context,
  policy: Policy,
  azure: Spec["azureCredentials"],
): CredentialWay | undefined {
  if (azure?.clientSecretRef !== undefined) {
    const path = ["spec", "azureCredentials", "clientSecretRef"];
    secretEntry(context, policy, path, azure.clientSecretRef, "client-secret", true);
  }
  return unavailable(context, policy, "AzureCredentials");
}

/** `undefined` after a complaint. */
export function compileGcp(
  context: Context,
  policy: Policy,
  gcp: Spec["gcpCredentials"],
): CredentialWay | undefined {
  if (gcp === undefined) return undefined;
  const { projectName: project, region, credentialsFile: file } = gcp;
  if (file !== undefined) {
    const path = ["spec", "gcpCredentials", "credentialsFile", "secretRef"];
    secretEntry(context, policy, path, file.secretRef, "service_account.json", true);
  }
  const isOwnOnly = policy.value.spec.credentialOverride?.fromRequestHeaders?.fallbackToConfigured === false;
  const what = "GCPCredentials without a token of the request";
  const source: UnavailableSource = isOwnOnly
    ? { type: "unavailable", reason: `${what} is not supported yet` }
    : unavailable(context, policy, what);
  return { type: "gcp", project, region, source };
}

function unavailable(
  { report }: Context,
  policy: Policy,
  what: CredentialType | `${CredentialType} without ${string}`,
): UnavailableSource {
  const reason = `${what} is not supported yet`;
  const targets = policy.value.spec.targetRefs.map(({ name }) => name).join(", ");
  const message = `${reason}: this backend answers 503 (${targets === "" ? "no backend uses it" : targets})`;
  report.warning(originOf(policy, ["spec", "type"]), "unsupported-credential", message);
  return {
    type: "unavailable",
    reason: `${reason} (BackendSecurityPolicy ${policy.id.namespace}/${policy.id.name})`,
  };
}
