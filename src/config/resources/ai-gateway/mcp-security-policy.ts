import { z } from "zod";
import { Duration, HeaderName, Name, Namespace, Port, SecretReference } from "../common.ts";
import { refused } from "../support.ts";
import { ours } from "./mcp-extension.ts";

const Uri = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });
const Action = z.enum(["Allow", "Deny"]);
const CelText = z.string().min(1).max(4096);

const RemoteKeys = z.strictObject({
  uri: z.string().min(1).max(253).pipe(Uri),
  cacheDuration: Duration.default("300s"),
  backendRefs: z
    .array(
      z.strictObject({
        group: z.string().default(""),
        kind: z.string().default("Service"),
        name: Name,
        namespace: Namespace.optional(),
        port: Port.optional(),
      }),
    )
    .max(1)
    .default([]),
});

const LocalKeys = z
  .strictObject({
    type: z.enum(["Inline", "ValueRef"]).default("Inline"),
    inline: z.string().optional(),
    valueRef: z.strictObject({ group: z.string().default(""), kind: z.string(), name: Name }).optional(),
  })
  .refine(
    ({ type, inline, valueRef }) =>
      (inline === undefined) !== (valueRef === undefined) && (type === "Inline") === (inline !== undefined),
    { error: "Exactly one of inline or valueRef must be set with correct type." },
  );

const KeySet = z
  .strictObject({ remoteJWKS: RemoteKeys.optional(), localJWKS: LocalKeys.optional() })
  .refine(({ remoteJWKS, localJWKS }) => remoteJWKS !== undefined || localJWKS !== undefined, {
    error: "either remoteJWKS or localJWKS must be specified.",
  })
  .refine(({ remoteJWKS, localJWKS }) => remoteJWKS === undefined || localJWKS === undefined, {
    error: "remoteJWKS and localJWKS cannot both be specified.",
  });

const ProtectedResource = z.strictObject({
  resource: Uri,
  resourceName: z.string().max(256).optional(),
  scopesSupported: z.array(z.string()).max(32).default([]),
  resourceSigningAlgValuesSupported: z.array(z.string()).min(1).max(16).optional(),
  resourceDocumentation: Uri.optional(),
  resourcePolicyUri: Uri.optional(),
});

const OAuth = z.strictObject({
  issuer: Uri,
  audiences: z.array(z.string()).max(32).default([]),
  jwks: KeySet.optional(),
  protectedResourceMetadata: ProtectedResource,
  claimToHeaders: z
    .array(z.strictObject({ claim: z.string().min(1), header: HeaderName }))
    .max(16)
    .default([]),
  requireExp: ours(z.boolean(), "refuse tokens that never expire").default(false),
  insecureSkipAudience: ours(z.boolean(), "take tokens that were issued for somebody else").default(false),
});

/** Envoy Gateway's object: each key of the Secrets is a client, its value the client's API key. */
const ApiKeyAuth = z.strictObject({
  credentialRefs: z.array(SecretReference).min(1),
  extractFrom: z
    .array(
      z
        .strictObject({
          headers: z.array(HeaderName).optional(),
          params: z.array(z.string().min(1)).optional(),
          cookies: z.array(z.string().min(1)).optional(),
        })
        .refine((from) => Object.values(from).filter((names) => names !== undefined).length === 1, {
          error: "exactly one of headers, params or cookies must be specified",
        }),
    )
    .min(1)
    .max(16),
  forwardClientIDHeader: HeaderName.optional(),
  sanitize: z.boolean().default(false),
});

const Claim = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(253)
    .refine((name) => name !== "scope", { error: "'scope' claim name is reserved for OAuth scopes" }),
  valueType: z.enum(["String", "StringArray", "Any"]).default("String"),
  values: z.array(z.string()).min(1).max(128),
});

const Jwt = z
  .strictObject({
    scopes: z.array(z.string().min(1).max(253)).max(16).default([]),
    claims: z.array(Claim).max(16).default([]),
  })
  .refine(({ scopes, claims }) => scopes.length > 0 || claims.length > 0, {
    error: "either scopes or claims must be specified",
  });

const targets = <N extends string>(name: N) =>
  z
    .array(z.strictObject({ backend: z.string().min(1), [name]: z.string().min(1) } as TargetShape<N>))
    .min(1)
    .max(16);
type TargetShape<N extends string> = { readonly backend: z.ZodString } & {
  readonly [name in N]: z.ZodString;
};

const Target = z.strictObject({
  tools: targets("tool").optional(),
  prompts: ours(targets("prompt"), "prompts by name").optional(),
  resources: ours(targets("uri"), "resources by URI").optional(),
});

const Rule = z.strictObject({
  source: z.strictObject({ jwt: Jwt.optional() }).optional(),
  target: Target.refine((target) => Object.values(target).some((list) => list !== undefined), {
    error: "at least one of tools, prompts or resources must be specified",
  }).optional(),
  cel: CelText.optional(),
  action: Action.default("Allow"),
});

const Authorization = z.strictObject({
  defaultAction: Action.default("Deny"),
  rules: z.array(Rule).max(32).default([]),
  scope: ours(z.enum(["Tools", "All"]), "whether prompts and resources are under the rules, too").default(
    "Tools",
  ),
});

export const McpSecurityPolicy = z
  .strictObject({
    oauth: OAuth.optional(),
    apiKeyAuth: ApiKeyAuth.optional(),
    extAuth: refused(),
    authorization: Authorization.optional(),
  })
  .superRefine(({ oauth, authorization }, context) => {
    if (oauth !== undefined) return;
    for (const [index, { source }] of (authorization?.rules ?? []).entries()) {
      if (source?.jwt === undefined) continue;
      const path = ["authorization", "rules", index, "source", "jwt"];
      const message = "oauth must be configured when any authorization rule uses a jwt source";
      context.addIssue({ code: "custom", path, message });
    }
  });

export const McpBackendSelector = z.strictObject({
  defaultAction: Action.default("Deny"),
  rules: z
    .array(z.strictObject({ cel: CelText, action: Action.default("Allow") }))
    .max(32)
    .default([]),
});
