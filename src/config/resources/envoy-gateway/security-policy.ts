import { z } from "zod";
import { Duration, HeaderName, Name, Namespace, Port, SecretReference } from "../common.ts";
import { refused, unsupported } from "../support.ts";
import { policyTargets, targetRules } from "./policy-targets.ts";

const Action = z.enum(["Allow", "Deny"]);

const BackendReference = z.strictObject({
  group: z.string().default(""),
  kind: z.string().default("Service"),
  name: Name,
  namespace: Namespace.optional(),
  port: Port.optional(),
  weight: z.int().min(0).optional(),
});

const ObjectReference = z.strictObject({ group: z.string().default(""), kind: z.string(), name: Name });

/** Where a credential is in a request: one kind of place in each entry. */
const ExtractFrom = z
  .strictObject({
    headers: z.array(HeaderName).optional(),
    params: z.array(z.string().min(1)).optional(),
    cookies: z.array(z.string().min(1)).optional(),
  })
  .refine((from) => Object.values(from).filter((names) => names !== undefined).length === 1, {
    error: "exactly one of headers, params or cookies must be specified",
  });

const ApiKeyAuth = z.strictObject({
  credentialRefs: z.array(SecretReference).min(1),
  extractFrom: z.array(ExtractFrom).min(1),
  forwardClientIDHeader: HeaderName.optional(),
  sanitize: z.boolean().default(false),
});

const BasicAuth = z.strictObject({
  users: SecretReference,
  forwardUsernameHeader: HeaderName.optional(),
});

const LocalKeys = z
  .strictObject({
    type: z.enum(["Inline", "ValueRef"]).default("Inline"),
    inline: z.string().optional(),
    valueRef: ObjectReference.optional(),
  })
  .refine(
    ({ type, inline, valueRef }) =>
      (inline === undefined) !== (valueRef === undefined) && (type === "Inline") === (inline !== undefined),
    { error: "Exactly one of inline or valueRef must be set with correct type." },
  );

const RemoteKeys = z.strictObject({
  uri: z
    .string()
    .min(1)
    .max(253)
    .regex(/^https?:\/\/[^/]/, "must be an http or https URL"),
  cacheDuration: Duration.default("300s"),
  backendRefs: z.array(BackendReference).max(1).default([]),
  backendRef: unsupported("error", "is deprecated: use backendRefs"),
  backendSettings: unsupported(
    "warning",
    "has no effect: keys are fetched with time-outs of the gateway's own",
  ),
  failedRefetchDuration: unsupported(
    "info",
    "has no effect: keys that cannot be fetched are asked for again soon",
  ),
});

const Provider = z
  .strictObject({
    name: Name,
    issuer: z.string().max(253).optional(),
    audiences: z.array(z.string()).max(8).default([]),
    remoteJWKS: RemoteKeys.optional(),
    localJWKS: LocalKeys.optional(),
    claimToHeaders: z.array(z.strictObject({ header: HeaderName, claim: z.string().min(1) })).default([]),
    recomputeRoute: z
      .boolean()
      .default(false)
      .meta({ description: "Headers made of claims always take part in matching AI rules" }),
    extractFrom: z
      .strictObject({
        headers: z
          .array(z.strictObject({ name: HeaderName, valuePrefix: z.string().optional() }))
          .default([]),
        cookies: z.array(z.string().min(1)).default([]),
        params: z.array(z.string().min(1)).default([]),
      })
      .optional(),
  })
  .refine(({ recomputeRoute, claimToHeaders }) => !recomputeRoute || claimToHeaders.length > 0, {
    error: "claimToHeaders must be specified if recomputeRoute is enabled",
  })
  .refine(({ remoteJWKS, localJWKS }) => remoteJWKS !== undefined || localJWKS !== undefined, {
    error: "either remoteJWKS or localJWKS must be specified.",
  })
  .refine(({ remoteJWKS, localJWKS }) => remoteJWKS === undefined || localJWKS === undefined, {
    error: "remoteJWKS and localJWKS cannot both be specified.",
  });

const Jwt = z.strictObject({
  optional: z.boolean().default(false),
  failOpen: z.boolean().default(false),
  providers: z.array(Provider).min(1).max(16),
});

/** `*`, an origin, or one with `*` for a part of its host or its port. */
const Origin = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^(\*|https?:\/\/(\*|(\*\.)?[\w-]+(\.[\w-]+)*)(:(\d{1,5}|\*))?|[a-z][\w+.-]*:\/\/[^\s/]*)$/,
    "must be * or an origin such as https://app.example.com",
  );

const CorsPolicy = z.strictObject({
  allowOrigins: z.array(Origin).min(1).optional(),
  allowMethods: z.array(z.string().min(1)).optional(),
  allowHeaders: z.array(z.string().min(1)).optional(),
  exposeHeaders: z.array(z.string().min(1)).optional(),
  maxAge: Duration.optional(),
  allowCredentials: z.boolean().default(false),
});

const HttpService = z
  .strictObject({
    backendRef: BackendReference.optional(),
    backendRefs: z.array(BackendReference).max(1).default([]),
    backendSettings: unsupported("warning", "has no effect"),
    path: z.string().startsWith("/", "must begin with /").optional(),
    pathOverride: z.string().startsWith("/", "must begin with /").optional(),
    headersToBackend: z.array(HeaderName).default([]),
  })
  .refine(({ backendRef, backendRefs }) => backendRef !== undefined || backendRefs.length > 0, {
    error: "backendRef or backendRefs needs to be set",
  })
  .refine(({ path, pathOverride }) => path === undefined || pathOverride === undefined, {
    error: "only one of path or pathOverride can be specified",
  });

const ExtAuth = z
  .strictObject({
    grpc: refused(),
    http: HttpService.optional(),
    headersToExtAuth: z.array(HeaderName).default([]),
    bodyToExtAuth: refused(),
    failOpen: z.boolean().default(false),
    statusOnError: z.int().min(400).max(599).default(403),
    timeout: Duration.default("10s"),
    recomputeRoute: z.boolean().default(false),
    contextExtensions: unsupported("warning", "has no effect on a service that is asked over HTTP"),
  })
  .refine(({ grpc, http }) => grpc !== undefined || http !== undefined, {
    error: "one of grpc or http must be specified",
  })
  .refine(({ grpc, http }) => grpc === undefined || http === undefined, {
    error: "only one of grpc or http can be specified",
  });

const Claim = z.strictObject({
  name: z.string().min(1).max(253),
  valueType: z.enum(["String", "StringArray"]).default("String"),
  values: z.array(z.string()).min(1).max(128),
});

const JwtPrincipal = z
  .strictObject({
    provider: Name,
    claims: z.array(Claim).min(1).max(16).optional(),
    scopes: z.array(z.string().min(1).max(253)).min(1).max(16).optional(),
  })
  .refine(({ claims, scopes }) => claims !== undefined || scopes !== undefined, {
    error: "at least one of claims or scopes must be specified",
  });

const Principal = z
  .strictObject({
    clientCIDRs: z.array(z.string()).min(1).max(256).optional(),
    jwt: JwtPrincipal.optional(),
    headers: z
      .array(z.strictObject({ name: HeaderName, values: z.array(z.string()).min(1).max(256) }))
      .min(1)
      .max(256)
      .optional(),
    clientIPGeoLocations: refused(),
    sourceCIDRs: refused(),
  })
  .refine(
    ({ clientCIDRs, jwt, headers, ...others }) =>
      [clientCIDRs, jwt, headers, ...Object.values(others)].some((part) => part !== undefined),
    {
      error: "at least one of clientCIDRs, jwt, or headers must be specified",
    },
  );

const Rule = z.strictObject({
  name: z.string().min(1).max(253).optional(),
  action: Action,
  operation: z
    .strictObject({ methods: z.array(z.string().min(1)).min(1).max(16).optional(), path: refused() })
    .optional(),
  principal: Principal.optional(),
  cel: refused(),
});

const Authorization = z.strictObject({
  defaultAction: Action.default("Deny"),
  rules: z.array(Rule).max(256).default([]),
});

export const SecurityPolicy = {
  spec: targetRules(
    z.strictObject({
      ...policyTargets,
      apiKeyAuth: ApiKeyAuth.optional(),
      basicAuth: BasicAuth.optional(),
      jwt: Jwt.optional(),
      cors: CorsPolicy.optional(),
      extAuth: ExtAuth.optional(),
      authorization: Authorization.optional(),
      targetSelectors: refused(),
      oidc: refused(),
      csrf: refused(),
      mergeType: refused(),
    }),
  ),
};
