import { describe, expect, test } from "bun:test";
import type { Credential } from "../../model/credential.ts";
import { compileText, findings, gateway, route, service } from "../testing.ts";

const base = gateway + service("s") + route("r", "    - backendRefs: [{name: s}]");

const policy = (spec: string, metadata = "") => `apiVersion: aigateway.envoyproxy.io/v1beta1
kind: BackendSecurityPolicy
metadata: {name: p${metadata}}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: s}]
${spec}
---
`;
const secret = (entries: { readonly [key: string]: string }, namespace = "default") =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: k, namespace: ${namespace}}\nstringData: ${JSON.stringify(entries)}\n---\n`;

const oidc = (secretRef = "{name: k}", client = "clientID: oidc-client") =>
  `{oidc: {${client}, clientSecret: ${secretRef}, scopes: [a, b], provider: {issuer: "https://i.example.com"}}, aud: x}`;
const azure = (source: string) =>
  `  type: AzureCredentials\n  azureCredentials: {clientID: c, tenantID: t, ${source}}`;
const gcp = (source: string) =>
  `  type: GCPCredentials\n  gcpCredentials: {projectName: proj, region: r, ${source}}`;
const federation = (more = "") =>
  gcp(
    `workloadIdentityFederationConfig: {projectID: "1", workloadIdentityPoolName: pool, workloadIdentityProviderName: prov, oidcExchangeToken: ${oidc()}${more}}`,
  );

const said = (text: string) =>
  findings(compileText(base + text)).map((line) => line.replace(/^(\w+) \S+ document \d+ /, "$1 "));

function credentialOf(text: string): { credential: Credential; value(): string | undefined } {
  const compiled = compileText(base + text);
  const credential = compiled.model?.credentials["default/p"];
  if (credential === undefined) throw new Error(findings(compiled).join("\n"));
  const source = "source" in credential.way ? credential.way.source : undefined;
  const ref =
    source !== undefined && "secret" in source
      ? source.secret
      : source?.type === "exchange" && source.client.secret;
  return { credential, value: () => (ref ? compiled.secrets.value(ref) : undefined) };
}

const client = {
  issuer: "https://i.example.com",
  clientId: "oidc-client",
  scopes: ["a", "b"],
  audience: "x",
};
const key = { "service_account.json": '{"type":"service_account"}' };

const ways: { name: string; text: string; want: object; value?: string }[] = [
  {
    name: "AWS without a file, from the surroundings",
    text: policy("  type: AWSCredentials\n  awsCredentials: {region: us-east-1}"),
    want: { type: "aws", region: "us-east-1", source: { type: "chain" } },
  },
  {
    name: "a secret of Azure, in another namespace",
    text:
      secret({ "client-secret": " s " }, "other") +
      policy(azure("clientSecretRef: {name: k, namespace: other}")),
    want: { type: "azure", tenantId: "t", clientId: "c", source: { type: "secret" } },
    value: "s",
  },
  {
    name: "a certificate of Azure",
    text: secret({ "client-certificate": "PEM" }) + policy(azure("clientSecretRef: {name: k}")),
    want: { source: { type: "certificate" } },
    value: "PEM",
  },
  {
    name: "a secret of Azure before a certificate",
    text:
      secret({ "client-certificate": "PEM", "client-secret": "s" }) +
      policy(azure("clientSecretRef: {name: k}")),
    want: { source: { type: "secret" } },
    value: "s",
  },
  {
    name: "another provider's token for Azure",
    text: secret({ "client-secret": "s" }) + policy(azure(`oidcExchangeToken: ${oidc()}`)),
    want: { source: { type: "exchange", client } },
    value: "s",
  },
  {
    name: "another provider's token, its client named by a Secret",
    text:
      secret({ "client-secret": "s", "client-id": "named" }) +
      policy(azure(`oidcExchangeToken: ${oidc("{name: k}", "clientIDRef: {name: k}")}`)),
    want: { source: { type: "exchange", client: { clientId: "named" } } },
  },
  {
    name: "every identity of the machine for Azure, where an annotation asks for it, and no Secret",
    text: policy(
      azure("clientSecretRef: {name: not-there}"),
      ", annotations: {credentials.aigw.run/azure-identity: default}",
    ),
    want: { source: { type: "ambient", identities: ["environment", "workload", "managed", "cli"] } },
  },
  {
    name: "one identity of the machine for Azure",
    text: policy(
      azure("clientSecretRef: {name: not-there}"),
      ", annotations: {credentials.aigw.run/azure-identity: cli}",
    ),
    want: { source: { type: "ambient", identities: ["cli"] } },
  },
  {
    name: "a key of Google",
    text: secret(key) + policy(gcp("credentialsFile: {secretRef: {name: k}}")),
    want: { type: "gcp", project: "proj", region: "r", source: { type: "key" } },
    value: key["service_account.json"],
  },
  {
    name: "Google's default credentials",
    text: policy("  type: GCPCredentials\n  gcpCredentials: {projectName: proj, region: r}"),
    want: { source: { type: "ambient" } },
  },
  {
    name: "another provider's token for Google",
    text: secret({ "client-secret": "s" }) + policy(federation()),
    want: {
      source: {
        type: "exchange",
        client,
        audience:
          "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/prov",
      },
    },
    value: "s",
  },
  {
    name: "a service account by another provider's token",
    text:
      secret({ "client-secret": "s" }) +
      policy(federation(", serviceAccountImpersonation: {serviceAccountName: sa}")),
    want: { source: { type: "exchange", serviceAccount: "sa@proj.iam.gserviceaccount.com" } },
  },
];

test.each(ways)("a policy means $name", ({ text, want, value }) => {
  expect(said(text)).toEqual([]);
  const found = credentialOf(text);
  expect(found.credential.way).toMatchObject(want);
  if (value !== undefined) expect(found.value()).toBe(value);
});

describe("a credential that cannot be used", () => {
  const unusable: { name: string; text: string; want: string }[] = [
    {
      name: "a key of Google that is no JSON, without showing it",
      text:
        secret({ "service_account.json": "top secret" }) +
        policy(gcp("credentialsFile: {secretRef: {name: k}}")),
      want: "warning (BackendSecurityPolicy default/p): spec.gcpCredentials.credentialsFile.secretRef: holds no JSON: this backend answers 503 (s)",
    },
    {
      name: "JSON that is no key",
      text: secret({ "service_account.json": "[]" }) + policy(gcp("credentialsFile: {secretRef: {name: k}}")),
      want: "warning (BackendSecurityPolicy default/p): spec.gcpCredentials.credentialsFile.secretRef: holds JSON that is no credential of Google: it has no type: this backend answers 503 (s)",
    },
    {
      name: "a profile that is not in the file",
      text:
        secret({ credentials: "[default]\naws_access_key_id = x" }) +
        policy(
          "  type: AWSCredentials\n  awsCredentials: {region: r, credentialsFile: {secretRef: {name: k}, profile: dev}}",
        ),
      want: 'warning (BackendSecurityPolicy default/p): spec.awsCredentials.credentialsFile: profile "dev" is not in the file: this backend answers 503 (s)',
    },
    {
      name: "a tenant of the wrong form",
      text:
        secret({ "client-secret": "s" }) +
        policy(azure("clientSecretRef: {name: k}").replace("tenantID: t", 'tenantID: "a/b"')),
      want: "warning (BackendSecurityPolicy default/p): spec.azureCredentials.tenantID: is not a tenant's ID or domain name: this backend answers 503 (s)",
    },
  ];
  test.each(unusable)("takes its backend out and no other: $name", ({ text, want }) => {
    expect(said(text)).toEqual([want]);
    expect(compileText(base + text).model).toBeDefined();
  });

  const refused: { name: string; text: string; want: string }[] = [
    {
      name: "a Secret that is not there",
      text: policy(azure("clientSecretRef: {name: k}")),
      want: 'error (BackendSecurityPolicy default/p): spec.azureCredentials.clientSecretRef.name: references Secret "default/k", which is not in the configuration',
    },
    {
      name: "a Secret without its key",
      text: secret({ other: "s" }) + policy(federation()),
      want: "error (BackendSecurityPolicy default/p): spec.gcpCredentials.workloadIdentityFederationConfig.oidcExchangeToken.oidc.clientSecret: secret default/k does not contain 'client-secret' key\n  the Secret: gw.yaml:36:1",
    },
    {
      name: "an empty secret",
      text: secret({ "client-secret": " " }) + policy(azure("clientSecretRef: {name: k}")),
      want: "error (Secret default/k): stringData.client-secret: is empty; give it a value, or leave out the BackendSecurityPolicy for a server that wants no key\n  used here: gw.yaml:41:1",
    },
    {
      name: "an identity that is not known",
      text: policy(
        azure("clientSecretRef: {name: k}"),
        ", annotations: {credentials.aigw.run/azure-identity: me}",
      ),
      want: 'error (BackendSecurityPolicy default/p): metadata.annotations["credentials.aigw.run/azure-identity"]: Unsupported value: "me": supported values: "default", "environment", "workload", "managed", "cli"',
    },
    {
      name: "a client of another provider with two names",
      text:
        secret({ "client-secret": "s" }) +
        policy(azure(`oidcExchangeToken: ${oidc("{name: k}", "clientID: a, clientIDRef: {name: k}")}`)),
      want: "error (BackendSecurityPolicy default/p): spec.azureCredentials.oidcExchangeToken.oidc: only one of clientID or clientIDRef must be set",
    },
  ];
  test.each(refused)("is an error where it is $name", ({ text, want }) => {
    expect(said(text)).toEqual([want]);
  });
});
