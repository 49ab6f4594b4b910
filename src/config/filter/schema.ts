import { z } from "zod";

/**
 * An object whose keys are read whatever their case and of which others are ignored; `null` is as good as absent.
 * So Go reads it, and the file is written by Go: in it some types have no names of their own for their keys.
 */
function relaxed<const Shape extends z.ZodRawShape>(shape: Shape) {
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  return z.preprocess((input) => {
    if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
    const members = Object.entries(input).flatMap(([key, value]) => {
      const name = names.get(key.toLowerCase());
      return name === undefined || value === null ? [] : [[name, value]];
    });
    return Object.fromEntries(members);
  }, z.object(shape));
}

const text = z.string().default("");

const Model = relaxed({ name: text, ownedBy: text, createdAt: z.string().optional() });

const cost = { metadataKey: text, type: text, cel: text };

const Override = relaxed({
  headerName: text,
  dynamicMetadataNamespace: text,
  dynamicMetadataKey: text,
  fallbackToConfigured: z.boolean().default(false),
  inputHeadersToRemove: z.array(z.string()).default([]),
});

const Key = relaxed({ key: text });

const Auth = relaxed({
  aws: relaxed({ credentialFileLiteral: text, region: text }).optional(),
  apiKey: Key.optional(),
  azureAPIKey: Key.optional(),
  azure: relaxed({ accessToken: text }).optional(),
  gcp: relaxed({ accessToken: text, region: text, projectName: text }).optional(),
  anthropicAPIKey: Key.optional(),
  credentialOverride: Override.optional(),
});

const Backend = relaxed({
  name: text,
  modelNameOverride: text,
  schema: relaxed({ name: text, version: text, prefix: text }),
  auth: Auth.optional(),
  httpHeaderMutation: relaxed({
    set: z.array(relaxed({ name: text, value: text })).default([]),
    remove: z.array(z.string()).default([]),
  }).optional(),
  httpBodyMutation: relaxed({
    set: z.array(relaxed({ path: text, value: text })).default([]),
    remove: z.array(z.string()).default([]),
  }).optional(),
});

/** What a control plane of Envoy AI Gateway writes for its external processors. */
export const FilterConfigFile = relaxed({
  version: text,
  uuid: text,
  globalLLMRequestCosts: z.array(relaxed(cost)).default([]),
  llmRequestCosts: z.array(relaxed({ ...cost, routeName: text, backend: text, model: text })).default([]),
  backends: z.array(Backend).default([]),
  models: z.array(Model).default([]),
  modelsByHost: z.record(z.string(), z.array(Model)).default({}),
  unscopedModels: z.array(Model).default([]),
  mcpConfig: z.unknown().optional(),
});

export type FilterConfigFile = z.infer<typeof FilterConfigFile>;
export type FilterBackend = FilterConfigFile["backends"][number];
export type FilterAuth = NonNullable<FilterBackend["auth"]>;
