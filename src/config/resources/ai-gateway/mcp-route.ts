import { z } from "zod";
import {
  byName,
  byNameIgnoringCase,
  duplicate,
  HeaderName,
  Hostname,
  Name,
  Namespace,
  Port,
  SecretReference,
  unique,
} from "../common.ts";
import { Limits, ours, StaticHeaders, Stdio } from "./mcp-extension.ts";
import { McpBackendSelector, McpSecurityPolicy } from "./mcp-security-policy.ts";
import { ParentRefs } from "./parent-refs.ts";

const Names = z.array(z.string().min(1)).max(32).optional();

const Selector = z
  .strictObject({ include: Names, includeRegex: Names, exclude: Names, excludeRegex: Names })
  .refine(({ include, includeRegex }) => include === undefined || includeRegex === undefined, {
    error: "include and includeRegex are mutually exclusive",
  })
  .refine(({ exclude, excludeRegex }) => exclude === undefined || excludeRegex === undefined, {
    error: "exclude and excludeRegex are mutually exclusive",
  })
  .refine((selector) => Object.values(selector).some((names) => names !== undefined), {
    error: "at least one of include, includeRegex, exclude, or excludeRegex must be specified",
  });

const ApiKey = z
  .strictObject({
    secretRef: SecretReference.optional(),
    inline: z.string().min(1).meta({ isSecret: true }).optional(),
    header: HeaderName.optional(),
    queryParam: z.string().min(1).optional(),
  })
  .refine(({ secretRef, inline }) => (secretRef === undefined) !== (inline === undefined), {
    error: "exactly one of secretRef or inline must be set",
  })
  .refine(({ header, queryParam }) => header === undefined || queryParam === undefined, {
    error: "only one of header or queryParam can be set",
  });

/** The separator of names must be told apart from what stands before it. */
const Prefix = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9.-])?$/, "must be letters, digits, '.', '_' and '-'")
  .refine((prefix) => !prefix.includes("__"), { error: 'must not contain "__"' });

const BackendRef = z
  .strictObject({
    group: z.string().default(""),
    kind: z.string().default("Service"),
    name: Name,
    namespace: Namespace.optional(),
    port: Port.optional(),
    path: z.string().max(1024).default("/mcp"),
    toolSelector: Selector.optional(),
    securityPolicy: z.strictObject({ apiKey: ApiKey.optional() }).optional(),
    forwardHeaders: z
      .array(z.strictObject({ name: HeaderName, backendHeader: HeaderName.optional() }))
      .max(32)
      .default([]),
    stdio: ours(Stdio, "the server is a child process, and no Backend").optional(),
    headers: ours(StaticHeaders, "sent with every request to this server").default([]),
    secretPath: ours(
      z.string().min(1).meta({ isSecret: true }),
      "goes instead of path where a key is in it",
    ).optional(),
    query: ours(z.string().min(1).meta({ isSecret: true }), "goes behind the path").optional(),
    prefix: ours(Prefix, "what clients see before names, instead of the backend's name").optional(),
    protocol: ours(z.enum(["auto", "legacy", "modern"]), "which era the server speaks").default("auto"),
    promptSelector: ours(Selector, "which prompts are shown").optional(),
    resourceSelector: ours(Selector, "which resources are shown, by URI").optional(),
  })
  .refine(
    ({ stdio, group, kind, port }) =>
      stdio !== undefined || group !== "" || kind !== "Service" || port !== undefined,
    {
      error: "Must have port for Service reference",
    },
  );
export type BackendRef = z.infer<typeof BackendRef>;

const HeaderMatch = z.strictObject({
  name: HeaderName,
  type: z.enum(["Exact", "RegularExpression"]).default("Exact"),
  value: z.string().min(1).max(4096),
});

export const MCPRoute = {
  spec: z.strictObject({
    parentRefs: ParentRefs.min(1),
    path: z.string().max(1024).regex(/^\//, "must begin with /").default("/mcp"),
    headers: z
      .array(HeaderMatch)
      .max(16)
      .superRefine(unique(byNameIgnoringCase, duplicate, "name"))
      .default([]),
    hostnames: z.array(Hostname).max(16).default([]),
    backendRefs: z
      .array(BackendRef)
      .min(1)
      .max(256)
      .superRefine(unique(byName, () => "all backendRefs names must be unique", "name")),
    securityPolicy: McpSecurityPolicy.optional(),
    backendSelector: McpBackendSelector.optional(),
    prefixMode: ours(z.enum(["always", "conditional", "never"]), "how names of tools are shown").default(
      "always",
    ),
    failureMode: ours(
      z.enum(["failOpen", "failClosed"]),
      "what becomes of a session when a server fails",
    ).default("failOpen"),
    allowAuthorizationForward: ours(z.boolean(), "servers may get clients' own tokens").default(false),
    allowedOrigins: ours(z.array(z.string().min(1)).max(64), "web pages that may call").default([]),
    limits: ours(Limits, "sizes and times").optional(),
  }),
};
