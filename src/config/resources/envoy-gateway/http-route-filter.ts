import { z } from "zod";
import { HeaderName, Name, SecretReference } from "../common.ts";
import { HeaderModifier } from "../gateway-api/http-filters.ts";

const Substitution = z.strictObject({ pattern: z.string().min(1), substitution: z.string() });

const Hostname = z
  .strictObject({
    type: z.enum(["Header", "Backend", "PathRegex"]),
    header: HeaderName.optional(),
    pathRegex: Substitution.optional(),
  })
  .refine(({ type, header }) => (type === "Header") === (header !== undefined), {
    error: "must have header exactly when type is Header",
    path: ["header"],
  })
  .refine(({ type, pathRegex }) => (type === "PathRegex") === (pathRegex !== undefined), {
    error: "must have pathRegex exactly when type is PathRegex",
    path: ["pathRegex"],
  });

const Path = z.strictObject({ type: z.enum(["ReplaceRegexMatch"]), replaceRegexMatch: Substitution });

const UrlRewrite = z.strictObject({
  hostname: Hostname.optional(),
  path: Path.optional(),
  appendXForwardedHost: z.boolean().default(true),
});

const Body = z
  .strictObject({
    type: z.enum(["Inline", "ValueRef"]).default("Inline"),
    inline: z.string().optional(),
    valueRef: z.strictObject({ group: z.string().default(""), kind: z.string(), name: Name }).optional(),
  })
  .refine(({ type, inline }) => (type === "Inline") === (inline !== undefined), {
    error: "must have inline exactly when type is Inline",
    path: ["inline"],
  })
  .refine(({ type, valueRef }) => (type === "ValueRef") === (valueRef !== undefined), {
    error: "must have valueRef exactly when type is ValueRef",
    path: ["valueRef"],
  })
  .refine(
    ({ valueRef }) => valueRef === undefined || (valueRef.group === "" && valueRef.kind === "ConfigMap"),
    {
      error: "must reference a ConfigMap",
      path: ["valueRef", "kind"],
    },
  );

const DirectResponse = z
  .strictObject({
    contentType: z.string().min(1).optional(),
    body: Body.optional(),
    statusCode: z.int().min(200).max(599).default(200),
    header: HeaderModifier.optional(),
  })
  .refine(({ header }) => header === undefined || header.remove.length === 0, {
    error: "header.remove is not supported for DirectResponse",
    path: ["header", "remove"],
  });
export type DirectResponse = z.infer<typeof DirectResponse>;

const CredentialInjection = z.strictObject({
  header: HeaderName.default("Authorization"),
  overwrite: z.boolean().default(false),
  credential: z.strictObject({ valueRef: SecretReference }),
});

const Cookie = z.strictObject({
  name: z.string().min(1).max(256),
  type: z.enum(["Exact", "RegularExpression"]).default("Exact"),
  value: z.string().min(1).max(4096),
});

export const HTTPRouteFilter = {
  spec: z
    .strictObject({
      urlRewrite: UrlRewrite.optional(),
      directResponse: DirectResponse.optional(),
      credentialInjection: CredentialInjection.optional(),
      matches: z
        .array(z.strictObject({ cookies: z.array(Cookie).max(16).default([]) }))
        .max(1)
        .default([]),
    })
    .refine(({ directResponse, urlRewrite }) => directResponse === undefined || urlRewrite === undefined, {
      error: "may have directResponse or urlRewrite, but not both",
      path: ["directResponse"],
    }),
};
