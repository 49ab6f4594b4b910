/** Configurations for tests, as an operator would write them. JSON is YAML, so a document is an object in JSON. */
import type { SchemaName } from "../../src/model/ai.ts";

export interface BackendSpec {
  readonly name: string;
  /** Of the upstream: scheme, host and port. */
  readonly url: string;
  readonly schema?: SchemaName;
  readonly version?: string;
  readonly prefix?: string;
  readonly apiKey?: string;
  /** A policy of another kind than a key; its `targetRefs` are filled in. */
  readonly policy?: { readonly type: string; readonly [member: string]: unknown };
  /** Entries of the Secret that has the backend's name. */
  readonly secret?: { readonly [key: string]: string };
  readonly bodyMutation?: object;
  /** The name that the upstream has, where the URL has an address. */
  readonly hostname?: string;
}

export interface RuleSpec {
  /** Models that the rule takes, whole names; without any it takes all. */
  readonly models?: readonly string[];
  readonly backends: readonly string[];
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string };
}

export interface GatewaySpec {
  readonly port: number;
  readonly backends: readonly BackendSpec[];
  /** By default one rule that sends any model to the first backend. */
  readonly rules?: readonly RuleSpec[];
  /** Largest request body: `50Mi`. */
  readonly bufferLimit?: string;
}

const credentialOf: { readonly [S in SchemaName]?: { readonly type: string; readonly member: string } } = {
  OpenAI: { type: "APIKey", member: "apiKey" },
  Anthropic: { type: "AnthropicAPIKey", member: "anthropicAPIKey" },
  AzureOpenAI: { type: "AzureAPIKey", member: "azureAPIKey" },
};

type Resource = { readonly apiVersion: string; readonly kind: string; readonly [member: string]: unknown };

const aiGroup = "aigateway.envoyproxy.io/v1beta1";
const envoyGroup = "gateway.envoyproxy.io/v1alpha1";
const gatewayGroup = "gateway.networking.k8s.io/v1";

/** The text of a configuration file. */
export function gatewayYaml(spec: GatewaySpec): string {
  const resources = [
    ...gatewayResources(spec),
    ...spec.backends.flatMap(backendResources),
    routeResource(spec),
  ];
  return resources.map((resource) => JSON.stringify(resource, null, 2)).join("\n---\n");
}

function gatewayResources({ port, bufferLimit }: GatewaySpec): Resource[] {
  const listeners = [{ name: "http", protocol: "HTTP", port }];
  const targetRefs = [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "tests" }];
  const resources: Resource[] = [
    {
      apiVersion: gatewayGroup,
      kind: "GatewayClass",
      metadata: { name: "tests" },
      spec: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
    },
    {
      apiVersion: gatewayGroup,
      kind: "Gateway",
      metadata: { name: "tests" },
      spec: { gatewayClassName: "tests", listeners },
    },
  ];
  if (bufferLimit !== undefined) {
    const spec = { targetRefs, connection: { bufferLimit } };
    resources.push({
      apiVersion: envoyGroup,
      kind: "ClientTrafficPolicy",
      metadata: { name: "tests" },
      spec,
    });
  }
  return resources;
}

/** Kubernetes wants lower case. */
const resourceNameOf = (name: string) => name.toLowerCase();

function backendResources(spec: BackendSpec): Resource[] {
  const { apiKey, schema = "OpenAI" } = spec;
  const name = resourceNameOf(spec.name);
  const url = new URL(spec.url);
  const address = url.hostname.replace(/^\[|\]$/g, "");
  const at = { port: Number(url.port || (url.protocol === "https:" ? 443 : 80)) };
  const endpoint = /^[\d.]+$|:/.test(address)
    ? { ip: { address, ...at }, ...(spec.hostname && { hostname: spec.hostname }) }
    : { fqdn: { hostname: address, ...at } };
  const { version, prefix } = spec;
  const resources: Resource[] = [
    { apiVersion: envoyGroup, kind: "Backend", metadata: { name }, spec: { endpoints: [endpoint] } },
    {
      apiVersion: aiGroup,
      kind: "AIServiceBackend",
      metadata: { name },
      spec: {
        schema: { name: schema, ...(version && { version }), ...(prefix && { prefix }) },
        backendRef: { group: "gateway.envoyproxy.io", kind: "Backend", name },
        ...(spec.bodyMutation && { bodyMutation: spec.bodyMutation }),
      },
    },
  ];
  const policy = spec.policy ?? (apiKey === undefined ? undefined : keyPolicy(name, schema));
  const secret = spec.secret ?? (apiKey === undefined ? undefined : { apiKey });
  if (secret !== undefined) {
    resources.push({ apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: secret });
  }
  if (policy !== undefined) {
    const targetRefs = [{ group: "aigateway.envoyproxy.io", kind: "AIServiceBackend", name }];
    const { annotations, ...members } = policy;
    const metadata = { name, ...(annotations === undefined ? {} : { annotations }) };
    resources.push({
      apiVersion: aiGroup,
      kind: "BackendSecurityPolicy",
      metadata,
      spec: { targetRefs, ...members },
    });
  }
  return resources;
}

function keyPolicy(name: string, schema: SchemaName): NonNullable<BackendSpec["policy"]> {
  const { type, member } = credentialOf[schema] ?? { type: "APIKey", member: "apiKey" };
  return { type, [member]: { secretRef: { name } } };
}

function routeResource({ backends, rules }: GatewaySpec): Resource {
  const all: readonly RuleSpec[] = rules ?? [{ backends: backends.slice(0, 1).map(({ name }) => name) }];
  const anyModel = { headers: [{ type: "RegularExpression", name: "x-ai-eg-model", value: ".*" }] };
  return {
    apiVersion: aiGroup,
    kind: "AIGatewayRoute",
    metadata: { name: "tests" },
    spec: {
      parentRefs: [{ name: "tests", kind: "Gateway", group: "gateway.networking.k8s.io" }],
      rules: all.map(({ models, backends, timeouts }) => ({
        matches: models?.map((value) => ({ headers: [{ name: "x-ai-eg-model", value }] })) ?? [anyModel],
        backendRefs: backends.map((name) => ({ name: resourceNameOf(name) })),
        ...(timeouts && { timeouts }),
      })),
    },
  };
}
