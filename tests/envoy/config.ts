/** Configurations for the Envoy engine, as short as they can be read. JSON is YAML. */

export interface Place {
  readonly name: string;
  /** `http://127.0.0.1:1`, `https://localhost:2`, or the path of a socket. */
  readonly url: string;
  readonly schema?: string;
  /** PEM of the authority that its certificate comes from. */
  readonly ca?: string;
  readonly hostname?: string;
  /** What its certificate must name; the URL's host if absent. */
  readonly tlsName?: string;
}

export interface Ref {
  readonly name: string;
  readonly weight?: number;
  readonly priority?: number;
}

export interface Rule {
  /** Exact names, or `~` and a regular expression; without any the rule takes all. */
  readonly models?: readonly string[];
  readonly refs: readonly (string | Ref)[];
  readonly timeout?: string;
  readonly idle?: string;
}

export interface Setup {
  readonly port: number;
  readonly places: readonly Place[];
  readonly rules: readonly Rule[];
  readonly hostnames?: readonly string[];
  /** `spec.retry` of a BackendTrafficPolicy. */
  readonly retry?: object;
  readonly bufferLimit?: string;
  /** `spec.telemetry.accessLog` of an EnvoyProxy. */
  readonly accessLog?: object;
  readonly logLevels?: { readonly [component: string]: string };
}

const ai = "aigateway.envoyproxy.io/v1beta1";
const envoy = "gateway.envoyproxy.io/v1alpha1";
const gateway = "gateway.networking.k8s.io/v1";
const envoyGroup = "gateway.envoyproxy.io";

export function configuration(setup: Setup): string {
  const documents = [...gatewayOf(setup), ...setup.places.flatMap(placeOf), ...routesOf(setup)];
  return documents.map((document) => JSON.stringify(document)).join("\n---\n");
}

function gatewayOf({ port, retry, bufferLimit, accessLog, logLevels }: Setup): object[] {
  const proxy = { group: envoyGroup, kind: "EnvoyProxy", name: "px", namespace: "default" };
  const target = (kind: string, name: string) => [{ group: "gateway.networking.k8s.io", kind, name }];
  return [
    {
      apiVersion: gateway,
      kind: "GatewayClass",
      metadata: { name: "gw" },
      spec: {
        controllerName: "gateway.envoyproxy.io/gatewayclass-controller",
        parametersRef: proxy,
      },
    },
    {
      apiVersion: envoy,
      kind: "EnvoyProxy",
      metadata: { name: "px" },
      spec: {
        ...(logLevels && { logging: { level: logLevels } }),
        telemetry: { accessLog: accessLog ?? { disable: true } },
      },
    },
    {
      apiVersion: gateway,
      kind: "Gateway",
      metadata: { name: "gw" },
      spec: { gatewayClassName: "gw", listeners: [{ name: "http", protocol: "HTTP", port }] },
    },
    ...(retry === undefined
      ? []
      : [
          {
            apiVersion: envoy,
            kind: "BackendTrafficPolicy",
            metadata: { name: "retry" },
            spec: { targetRefs: target("HTTPRoute", "r"), retry },
          },
        ]),
    ...(bufferLimit === undefined
      ? []
      : [
          {
            apiVersion: envoy,
            kind: "ClientTrafficPolicy",
            metadata: { name: "limit" },
            spec: { targetRefs: target("Gateway", "gw"), connection: { bufferLimit } },
          },
        ]),
  ];
}

function placeOf({ name, url, schema = "OpenAI", ca, hostname, tlsName }: Place): object[] {
  return [
    {
      apiVersion: ai,
      kind: "AIServiceBackend",
      metadata: { name },
      spec: {
        schema: { name: schema },
        backendRef: { group: envoyGroup, kind: "Backend", name },
      },
    },
    {
      apiVersion: envoy,
      kind: "Backend",
      metadata: { name },
      spec: { endpoints: [{ ...endpointOf(url), ...(hostname && { hostname }) }] },
    },
    ...(url.startsWith("https:") ? tlsOf(name, tlsName ?? new URL(url).hostname, ca) : []),
  ];
}

function endpointOf(url: string): object {
  if (url.startsWith("/")) return { unix: { path: url } };
  const { hostname, port, protocol } = new URL(url);
  const number = Number(port || (protocol === "https:" ? 443 : 80));
  return /^[\d.]+$/.test(hostname)
    ? { ip: { address: hostname, port: number } }
    : { fqdn: { hostname, port: number } };
}

function tlsOf(name: string, hostname: string, ca: string | undefined): object[] {
  const system = { wellKnownCACertificates: "System", hostname };
  const own = { caCertificateRefs: [{ group: "", kind: "ConfigMap", name }], hostname };
  const policy = {
    apiVersion: gateway,
    kind: "BackendTLSPolicy",
    metadata: { name },
    spec: {
      targetRefs: [{ group: envoyGroup, kind: "Backend", name }],
      validation: ca === undefined ? system : own,
    },
  };
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { "ca.crt": ca } };
  return ca === undefined ? [policy] : [map, policy];
}

const maxRules = 15;

/** `r`, and for the rules that it may not have `r2`. */
function routesOf({ rules, hostnames }: Setup): object[] {
  const [first, rest] = [rules.slice(0, maxRules), rules.slice(maxRules)];
  return [routeOf("r", first, hostnames), ...(rest.length > 0 ? [routeOf("r2", rest, hostnames)] : [])];
}

function routeOf(name: string, rules: readonly Rule[], hostnames: Setup["hostnames"]): object {
  return {
    apiVersion: ai,
    kind: "AIGatewayRoute",
    metadata: { name },
    spec: {
      parentRefs: [{ name: "gw" }],
      ...(hostnames && { hostnames }),
      rules: rules.map(({ models, refs, timeout, idle }) => ({
        ...(models && { matches: models.map((model) => ({ headers: [modelMatch(model)] })) }),
        backendRefs: refs.map((ref) => (typeof ref === "string" ? { name: ref } : ref)),
        ...(timeout && { timeouts: { request: timeout } }),
        ...(idle && { streamIdleTimeout: idle }),
      })),
    },
  };
}

function modelMatch(model: string): object {
  return model.startsWith("~")
    ? { name: "x-ai-eg-model", type: "RegularExpression", value: model.slice(1) }
    : { name: "x-ai-eg-model", value: model };
}
