import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Schema, type SchemaName, schemaNames } from "../../src/model/ai.ts";
import type { Credential } from "../../src/model/credential.ts";
import type { BodyEdit, HeaderEdits, SecretRef } from "../../src/model/values.ts";
import { vectorsDir } from "./vectors.ts";

/**
 * As much of the vectors' configuration as pass-through needs, read straight from its YAML so that these tests do not
 * depend on the compiler: which backend serves a model, and how.
 */
export interface Backend {
  readonly schema: Schema;
  readonly modelOverride: string | undefined;
  readonly headers: HeaderEdits;
  readonly body: readonly BodyEdit[];
  readonly credential: Credential | undefined;
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  /** The members that are read here, of whichever kind has them. */
  readonly spec: {
    readonly schema: Schema;
    readonly headerMutation?: Ref["headerMutation"];
    readonly bodyMutation?: Ref["bodyMutation"];
    readonly rules: readonly {
      readonly backendRefs: readonly Ref[];
      readonly matches: readonly { readonly headers: readonly { readonly value: string }[] }[];
    }[];
    readonly type: string;
    readonly targetRefs: readonly { readonly name: string }[];
    readonly credentialOverride?: {
      readonly fromRequestHeaders?: { readonly fallbackToConfigured?: boolean };
    };
  };
}

export function readBackends(): ReadonlyMap<string, readonly Backend[]> {
  const text = readFileSync(join(vectorsDir, "config.yaml"), "utf8").replaceAll(/\$\{[^}]*\}/g, "1");
  const resources = parseAllDocuments(text).map((document) => document.toJS() as Resource);
  const services = new Map(named(resources, "AIServiceBackend"));
  const backends = new Map<string, Backend[]>();
  // Routes are listed by name, their rules in the order of the file.
  for (const [, route] of named(resources, "AIGatewayRoute").sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const rule of route.spec.rules) {
      const refs = rule.backendRefs.map((ref) => readBackend(ref, services.get(ref.name), resources));
      for (const { headers } of rule.matches) {
        for (const { value } of headers) backends.set(value, refs);
      }
    }
  }
  return backends;
}

interface Mutation<T> {
  readonly set?: readonly T[];
  readonly remove?: readonly string[];
}

interface Ref {
  readonly name: string;
  readonly modelNameOverride?: string;
  readonly headerMutation?: Mutation<{ readonly name: string; readonly value: string }>;
  readonly bodyMutation?: Mutation<{ readonly path: string; readonly value: string }>;
}

function named(resources: readonly Resource[], kind: string): [string, Resource][] {
  return resources.filter((r) => r.kind === kind).map((r) => [r.metadata.name, r]);
}

function readBackend(ref: Ref, service: Resource | undefined, resources: readonly Resource[]): Backend {
  if (service === undefined) throw new Error(`no AIServiceBackend "${ref.name}"`);
  const { name, prefix, version } = service.spec.schema;
  if (!schemaNames.includes(name as SchemaName)) throw new Error(`unknown schema "${name}"`);
  const hasPrefix = name === "OpenAI" || name === "Anthropic";
  return {
    schema: { name, ...(hasPrefix ? { prefix: prefix ?? "v1" } : { version: version ?? "" }) },
    modelOverride: ref.modelNameOverride,
    headers: headerEdits([service.spec.headerMutation, ref.headerMutation]),
    body: bodyEdits([service.spec.bodyMutation, ref.bodyMutation]),
    credential: readCredential(ref.name, resources),
  };
}

/** The route's come last and win. */
function headerEdits(mutations: readonly (Ref["headerMutation"] | undefined)[]): HeaderEdits {
  const remove = mutations.flatMap((mutation) => mutation?.remove ?? []);
  const set = mutations.flatMap((mutation) => mutation?.set ?? []);
  return { remove, set: set.map(({ name, value }) => [name, value] as const), add: [] };
}

function bodyEdits(mutations: readonly (Ref["bodyMutation"] | undefined)[]): BodyEdit[] {
  const removed = mutations.flatMap((mutation) => mutation?.remove ?? []);
  const set = mutations.flatMap((mutation) => mutation?.set ?? []);
  return [
    ...removed.map((path) => ({ op: "remove", path: path.split(".") }) as const),
    ...set.map(({ path, value }) => ({ op: "set", path: path.split("."), json: jsonOf(value) }) as const),
  ];
}

function jsonOf(value: string): string {
  try {
    JSON.parse(value);
    return value;
  } catch {
    return JSON.stringify(value);
  }
}

export const vectorsKey = "vectors-secret-key";

const ways = {
  APIKey: { name: "authorization", scheme: "Bearer", override: "x-aigw-api-key" },
  AnthropicAPIKey: { name: "x-api-key", scheme: "", override: "x-aigw-anthropic-api-key" },
  AzureAPIKey: { name: "api-key", scheme: "", override: "x-aigw-azure-api-key" },
} as const;

function readCredential(backend: string, resources: readonly Resource[]): Credential | undefined {
  for (const [, { spec }] of named(resources, "BackendSecurityPolicy")) {
    if (!spec.targetRefs.some((target) => target.name === backend)) continue;
    if (!Object.hasOwn(ways, spec.type)) return undefined;
    const way = ways[spec.type as keyof typeof ways];
    const { name, scheme } = way;
    const headers = spec.credentialOverride?.fromRequestHeaders;
    const override =
      headers === undefined
        ? {}
        : { override: { header: way.override, hasFallback: headers.fallbackToConfigured ?? true } };
    const secret: SecretRef = { id: "key", from: "literal", name: "Secret", fingerprint: "", at: 0 };
    return { key: backend, print: "", at: 0, way: { type: "header", name, scheme, secret }, ...override };
  }
  return undefined;
}
