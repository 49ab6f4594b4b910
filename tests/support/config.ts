/** Configurations for tests, as an operator would write them. JSON is YAML, so a document is an object in JSON. */

export interface BackendSpec {
  readonly name: string;
  /** Of the upstream: scheme, host and port. */
  readonly url: string;
  readonly schema?: "OpenAI" | "Anthropic" | "AzureOpenAI";
  readonly version?: string;
  readonly prefix?: string;
  readonly apiKey?: string;
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

const credentialOf = {
  OpenAI: { type: "APIKey", member: "apiKey" },
  Anthropic: { type: "AnthropicAPIKey", member: "anthropicAPIKey" },
  AzureOpenAI: { type: "AzureAPIKey", member: "azureAPIKey" },
} as const;

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
    ? { ip: { address, ...at } }
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
      },
    },
  ];
  return apiKey === undefined ? resources : [...resources, ...credentialResources(name, schema, apiKey)];
}

function credentialResources(name: string, schema: keyof typeof credentialOf, apiKey: string): Resource[] {
  const { type, member } = credentialOf[schema];
  const targetRefs = [{ group: "aigateway.envoyproxy.io", kind: "AIServiceBackend", name }];
  const spec = { targetRefs, type, [member]: { secretRef: { name } } };
  return [
    { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: { apiKey } },
    { apiVersion: aiGroup, kind: "BackendSecurityPolicy", metadata: { name }, spec },
  ];
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
