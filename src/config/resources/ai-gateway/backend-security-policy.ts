import { z } from "zod";
import { groups, Name, SecretReference } from "../common.ts";
import { unsupported } from "../support.ts";

const secretOnly = z.strictObject({ secretRef: SecretReference });

/** Envoy Gateway's OIDC object, as far as a client that acts for itself needs it; the rest is about people's logins. */
const Oidc = z
  .looseObject({
    provider: z.looseObject({ issuer: z.string().min(1), tokenEndpoint: z.string().min(1).optional() }),
    clientID: z.string().min(1).optional(),
    clientIDRef: SecretReference.optional(),
    clientSecret: SecretReference,
    scopes: z.array(z.string()).default([]),
  })
  .refine((oidc) => (oidc.clientID === undefined) !== (oidc.clientIDRef === undefined), {
    error: "only one of clientID or clientIDRef must be set",
  });
const OidcExchangeToken = z.strictObject({
  oidc: Oidc,
  grantType: z.string().optional(),
  aud: z.string().optional(),
});

const AwsCredentials = z.strictObject({
  region: z.string().min(1),
  credentialsFile: z
    .strictObject({ secretRef: SecretReference, profile: z.string().default("default") })
    .optional(),
  /** Refused when the rest is known; what is in it does not matter then. */
  oidcExchangeToken: z.looseObject({}).optional(),
});

const AzureCredentials = z
  .strictObject({
    clientID: z.string().min(1),
    tenantID: z.string().min(1),
    clientSecretRef: SecretReference.optional(),
    oidcExchangeToken: OidcExchangeToken.optional(),
  })
  .refine((azure) => (azure.clientSecretRef === undefined) !== (azure.oidcExchangeToken === undefined), {
    error: "Exactly one of clientSecretRef or oidcExchangeToken must be specified",
  });

const GcpCredentials = z.strictObject({
  projectName: z.string().min(1),
  region: z.string().min(1),
  credentialsFile: z.strictObject({ secretRef: SecretReference }).optional(),
  workloadIdentityFederationConfig: z
    .strictObject({
      projectID: z.string().min(1),
      workloadIdentityPoolName: z.string().min(1),
      workloadIdentityProviderName: z.string().min(1),
      oidcExchangeToken: OidcExchangeToken,
      serviceAccountImpersonation: z.strictObject({ serviceAccountName: z.string().min(1) }).optional(),
    })
    .optional(),
});

type Gcp = z.infer<typeof GcpCredentials>;
const gcpSources = ({ credentialsFile, workloadIdentityFederationConfig }: Gcp) =>
  Number(credentialsFile !== undefined) + Number(workloadIdentityFederationConfig !== undefined);

const CredentialOverride = z
  .strictObject({
    fromRequestHeaders: z
      .strictObject({ header: z.string().min(1).optional(), fallbackToConfigured: z.boolean().default(true) })
      .optional(),
    fromDynamicMetadata: unsupported(
      "error",
      "credentialOverride.fromDynamicMetadata is not supported in standalone mode",
    ),
  })
  .refine(
    ({ fromRequestHeaders: headers, fromDynamicMetadata: metadata }) =>
      (headers === undefined) !== (metadata === undefined),
    { error: "exactly one of fromRequestHeaders or fromDynamicMetadata must be set" },
  );

/** Policy type to the one member that goes with it. */
const credentialMembers = {
  APIKey: "apiKey",
  AWSCredentials: "awsCredentials",
  AzureAPIKey: "azureAPIKey",
  AzureCredentials: "azureCredentials",
  GCPCredentials: "gcpCredentials",
  AnthropicAPIKey: "anthropicAPIKey",
} as const;
export type CredentialType = keyof typeof credentialMembers;
const types = Object.keys(credentialMembers) as [CredentialType, ...CredentialType[]];

const TargetRefs = z
  .array(z.strictObject({ group: z.string(), kind: z.string(), name: Name }))
  .max(16)
  .superRefine((refs, context) => {
    for (const [index, { group, kind }] of refs.entries()) {
      const isBackend = group === groups.ai && kind === "AIServiceBackend";
      if (isBackend || (group === groups.inference && kind === "InferencePool")) continue;
      const message = "targetRefs must reference AIServiceBackend or InferencePool resources";
      context.addIssue({ code: "custom", path: [index], message });
    }
  })
  .default([]);

function fields<G extends z.ZodType<Gcp>>(gcp: G) {
  return {
    targetRefs: TargetRefs,
    type: z.enum(types),
    apiKey: secretOnly.optional(),
    azureAPIKey: secretOnly.optional(),
    anthropicAPIKey: secretOnly.optional(),
    awsCredentials: AwsCredentials.optional(),
    azureCredentials: AzureCredentials.optional(),
    gcpCredentials: gcp.optional(),
  };
}

/** For type T only T's own member may be there, and it must be. */
function onlyOwnMember(spec: { readonly type: CredentialType }, context: z.RefinementCtx): void {
  const own = credentialMembers[spec.type];
  const isSet = (member: string) => (spec as { readonly [member: string]: unknown })[member] !== undefined;
  const others = Object.values(credentialMembers).filter((member) => member !== own && isSet(member));
  if (isSet(own) && others.length === 0) return;
  const message = `When type is ${spec.type}, only ${own} field should be set`;
  context.addIssue({ code: "custom", path: others.length > 0 ? [others[0] ?? own] : ["type"], message });
}

export const BackendSecurityPolicy = {
  spec: z
    .strictObject({
      ...fields(
        GcpCredentials.refine((gcp) => gcpSources(gcp) <= 1, {
          error: "At most one of credentialsFile or workloadIdentityFederationConfig may be specified",
        }),
      ),
      credentialOverride: CredentialOverride.optional(),
    })
    .superRefine(onlyOwnMember),
};

/** Without `credentialOverride`, and with a source for Google demanded. */
export const BackendSecurityPolicyAlpha = {
  spec: z
    .strictObject(
      fields(
        GcpCredentials.refine((gcp) => gcpSources(gcp) === 1, {
          error: "Exactly one of GCPWorkloadIdentityFederationConfig or GCPCredentialsFile must be specified",
        }),
      ),
    )
    .superRefine(onlyOwnMember),
};
