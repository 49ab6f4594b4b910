import { describe, expect, test } from "bun:test";
import { compileText, findings, type TestWorld } from "../testing.ts";

/** One resource alone: what its own schema says. Findings about what is missing around it do not count. */
function complaints(apiVersion: string, kind: string, spec: string, world?: TestWorld): string[] {
  const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x}\nspec:\n${spec}`;
  const around =
    /no Gateway resource|is not in the configuration|has no parentRefs|not supported yet: this backend/;
  return findings(compileText(text, world))
    .filter((line) => !around.test(line))
    .map((line) => line.replace(/^\w+ gw\.yaml:\d+:\d+: document 1 \(\S+ default\/x\): /, ""));
}

interface Case {
  readonly name: string;
  readonly spec: string;
  /** Absent for what is accepted. */
  readonly want?: string;
}

function matrix(apiVersion: string, kind: string, cases: readonly Case[]): void {
  describe(kind, () => {
    test.each(cases.filter(({ want }) => want === undefined))("accepts $name", ({ spec }) => {
      expect(complaints(apiVersion, kind, spec)).toEqual([]);
    });
    test.each(cases.filter(({ want }) => want !== undefined))("refuses $name", ({ spec, want = "" }) => {
      expect(complaints(apiVersion, kind, spec).join("\n")).toContain(want);
    });
  });
}

const ai = "aigateway.envoyproxy.io/v1beta1";
const pool = "{name: p, group: inference.networking.k8s.io, kind: InferencePool}";
const header = "{name: x-ai-eg-model, value: m}";

matrix(ai, "AIGatewayRoute", [
  {
    name: "a rule with a match and a backend",
    spec: `  rules: [{matches: [{headers: [${header}]}], backendRefs: [{name: a}]}]`,
  },
  { name: "named rules", spec: "  rules: [{name: a}, {name: b}, {}]" },
  {
    name: "all types of costs",
    spec: `  rules: []
  llmRequestCosts:
    - {metadataKey: a, type: OutputToken}
    - {metadataKey: b, type: InputToken}
    - {metadataKey: c, type: CachedInputToken}
    - {metadataKey: d, type: CacheCreationInputToken}
    - {metadataKey: e, type: TotalToken}
    - {metadataKey: f, type: ReasoningToken}
    - {metadataKey: g, type: CEL, cel: input_tokens}`,
  },
  {
    name: "parentRefs with and without a kind",
    spec: "  rules: []\n  parentRefs: [{name: a}, {name: a, kind: Gateway}]",
  },
  { name: "fifteen rules", spec: `  rules: [${"{},".repeat(15)}]` },
  { name: "hosts", spec: '  rules: []\n  hostnames: [a.example.com, "*.example.com"]' },
  {
    name: "a backend timeout as long as the request's",
    spec: "  rules: [{timeouts: {request: 10s, backendRequest: 10s}}]",
  },
  {
    name: "any backend timeout with an endless request",
    spec: "  rules: [{timeouts: {request: 0s, backendRequest: 10s}}]",
  },
  {
    name: "two rules of one name",
    spec: "  rules: [{name: a}, {name: a}]",
    want: "spec.rules[1].name: rule name must be unique within the route",
  },
  {
    name: "the reserved rule name",
    spec: "  rules: [{name: route-not-found}]",
    want: "rule name route-not-found is reserved",
  },
  {
    name: "a parent that is no Gateway",
    spec: "  rules: []\n  parentRefs: [{name: a, kind: Service}]",
    want: "only Gateway is supported",
  },
  {
    name: "pools and services in one rule",
    spec: `  rules: [{backendRefs: [{name: a}, ${pool}]}]`,
    want: "cannot mix InferencePool and AIServiceBackend references in the same rule",
  },
  {
    name: "two pools in one rule",
    spec: `  rules: [{backendRefs: [${pool}, ${pool}]}]`,
    want: "only one InferencePool backend is allowed per rule",
  },
  {
    name: "a kind without its group",
    spec: "  rules: [{backendRefs: [{name: a, kind: InferencePool}]}]",
    want: "group and kind must be specified together",
  },
  {
    name: "another group",
    spec: "  rules: [{backendRefs: [{name: a, group: example.com, kind: Pool}]}]",
    want: "only InferencePool from inference.networking.k8s.io group is supported",
  },
  {
    name: "sixteen rules",
    spec: `  rules: [${"{},".repeat(16)}]`,
    want: "Too many: 16: must have at most 15 items",
  },
  {
    name: "a backend timeout longer than the request's",
    spec: "  rules: [{timeouts: {request: 10s, backendRequest: 11s}}]",
    want: "backendRequest timeout cannot be longer than request timeout",
  },
  {
    name: "a duration that is none",
    spec: "  rules: [{timeouts: {request: 1 minute}}]",
    want: 'spec.rules[0].timeouts.request: "1 minute" must be a duration',
  },
  {
    name: "one header twice in a match",
    spec: `  rules: [{matches: [{headers: [${header}, {name: X-AI-EG-Model, value: n}]}]}]`,
    want: 'Duplicate value: "x-ai-eg-model"',
  },
  {
    name: "a host in capitals",
    spec: "  rules: []\n  hostnames: [A.example.com]",
    want: '"A.example.com" must be a lower-case host name',
  },
  {
    name: "a weight below zero",
    spec: "  rules: [{backendRefs: [{name: a, weight: -1}]}]",
    want: "-1 should be greater than or equal to 0",
  },
  {
    name: "a cost of no type",
    spec: "  rules: []\n  llmRequestCosts: [{metadataKey: a, type: Tokens}]",
    want: 'Unsupported value: "Tokens"',
  },
  {
    name: "a time that is none",
    spec: "  rules: [{modelsCreatedAt: yesterday}]",
    want: "must be a time such as",
  },
  {
    name: "a header set twice",
    spec: "  rules: [{backendRefs: [{name: a, headerMutation: {set: [{name: x, value: a}, {name: X, value: b}]}}]}]",
    want: 'Duplicate value: "x"',
  },
]);

test("an InferencePool is named and not served", () => {
  expect(complaints(ai, "AIGatewayRoute", `  rules: [{backendRefs: [${pool}]}]`)).toEqual([
    "spec.rules[0].backendRefs[0]: InferencePool is only available on Kubernetes; use an AIServiceBackend with a Backend instead",
  ]);
});

const ref = "backendRef: {group: gateway.envoyproxy.io, kind: Backend, name: b}";

matrix(ai, "AIServiceBackend", [
  { name: "OpenAI", spec: `  schema: {name: OpenAI}\n  ${ref}` },
  { name: "Anthropic", spec: `  schema: {name: Anthropic, prefix: api/v2}\n  ${ref}` },
  { name: "AWSBedrock", spec: `  schema: {name: AWSBedrock}\n  ${ref}` },
  { name: "AzureOpenAI", spec: `  schema: {name: AzureOpenAI, version: 2025-01-01-preview}\n  ${ref}` },
  {
    name: "an unknown schema",
    spec: `  schema: {name: SomeVendor}\n  ${ref}`,
    want: 'Unsupported value: "SomeVendor": supported values: "OpenAI"',
  },
  {
    name: "a Service",
    spec: "  schema: {name: OpenAI}\n  backendRef: {name: svc, port: 80}",
    want: "BackendRef must be a Backend resource of Envoy Gateway",
  },
]);

const secret = "{secretRef: {name: k}}";
const oidc = "{oidc: {clientID: c, clientSecret: {name: k}, provider: {issuer: https://i.example.com}}}";
const wif = `{projectID: p, workloadIdentityPoolName: q, workloadIdentityProviderName: r, oidcExchangeToken: ${oidc}}`;
const target = "{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: a}";
const poolTarget = "{group: inference.networking.k8s.io, kind: InferencePool, name: a}";
const poolNote = /InferencePool is only available on Kubernetes/;

const policies: Case[] = [
  { name: "APIKey", spec: `  type: APIKey\n  apiKey: ${secret}` },
  { name: "AzureAPIKey", spec: `  type: AzureAPIKey\n  azureAPIKey: ${secret}` },
  { name: "AnthropicAPIKey", spec: `  type: AnthropicAPIKey\n  anthropicAPIKey: ${secret}` },
  { name: "AWSCredentials by chain", spec: "  type: AWSCredentials\n  awsCredentials: {region: us-east-1}" },
  {
    name: "AWSCredentials by file",
    spec: `  type: AWSCredentials\n  awsCredentials: {region: r, credentialsFile: {secretRef: {name: k}, profile: dev}}`,
  },
  {
    name: "AzureCredentials by secret",
    spec: "  type: AzureCredentials\n  azureCredentials: {clientID: c, tenantID: t, clientSecretRef: {name: k}}",
  },
  {
    name: "AzureCredentials by OIDC",
    spec: `  type: AzureCredentials\n  azureCredentials: {clientID: c, tenantID: t, oidcExchangeToken: ${oidc}}`,
  },
  {
    name: "GCPCredentials by OIDC",
    spec: `  type: GCPCredentials\n  gcpCredentials: {projectName: p, region: r, workloadIdentityFederationConfig: ${wif}}`,
  },
  {
    name: "GCPCredentials of the surroundings",
    spec: "  type: GCPCredentials\n  gcpCredentials: {projectName: p, region: r}",
  },
  {
    name: "an override from a header",
    spec: `  type: APIKey\n  apiKey: ${secret}\n  credentialOverride: {fromRequestHeaders: {header: X-My-Key, fallbackToConfigured: false}}`,
  },
  { name: "one target", spec: `  type: APIKey\n  apiKey: ${secret}\n  targetRefs: [${target}]` },
  {
    name: "an unknown type",
    spec: `  type: Password\n  apiKey: ${secret}`,
    want: 'Unsupported value: "Password"',
  },
  { name: "no type", spec: `  apiKey: ${secret}`, want: 'spec.type: Unsupported value: ""' },
  {
    name: "two credentials",
    spec: `  type: APIKey\n  apiKey: ${secret}\n  azureAPIKey: ${secret}`,
    want: "When type is APIKey, only apiKey field should be set",
  },
  {
    name: "another type's credential",
    spec: `  type: AWSCredentials\n  apiKey: ${secret}`,
    want: "When type is AWSCredentials, only awsCredentials field should be set",
  },
  {
    name: "no credential",
    spec: "  type: GCPCredentials",
    want: "When type is GCPCredentials, only gcpCredentials field should be set",
  },
  {
    name: "no credential for Azure",
    spec: "  type: AzureCredentials",
    want: "When type is AzureCredentials, only azureCredentials field should be set",
  },
  {
    name: "no key for Azure",
    spec: "  type: AzureAPIKey",
    want: "When type is AzureAPIKey, only azureAPIKey field should be set",
  },
  {
    name: "no key for Anthropic",
    spec: "  type: AnthropicAPIKey",
    want: "When type is AnthropicAPIKey, only anthropicAPIKey field should be set",
  },
  {
    name: "an empty clientID",
    spec: '  type: AzureCredentials\n  azureCredentials: {clientID: "", tenantID: t, clientSecretRef: {name: k}}',
    want: "clientID: should be at least 1 chars long",
  },
  {
    name: "an empty tenantID",
    spec: '  type: AzureCredentials\n  azureCredentials: {clientID: c, tenantID: "", clientSecretRef: {name: k}}',
    want: "tenantID: should be at least 1 chars long",
  },
  {
    name: "Azure without a source",
    spec: "  type: AzureCredentials\n  azureCredentials: {clientID: c, tenantID: t}",
    want: "Exactly one of clientSecretRef or oidcExchangeToken must be specified",
  },
  {
    name: "Azure with two sources",
    spec: `  type: AzureCredentials\n  azureCredentials: {clientID: c, tenantID: t, clientSecretRef: {name: k}, oidcExchangeToken: ${oidc}}`,
    want: "Exactly one of clientSecretRef or oidcExchangeToken must be specified",
  },
  {
    name: "Google with two sources",
    spec: `  type: GCPCredentials\n  gcpCredentials: {projectName: p, region: r, credentialsFile: ${secret}, workloadIdentityFederationConfig: ${wif}}`,
    want: "At most one of credentialsFile or workloadIdentityFederationConfig may be specified",
  },
  {
    name: "a target of another kind",
    spec: `  type: APIKey\n  apiKey: ${secret}\n  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIGatewayRoute, name: a}]`,
    want: "targetRefs must reference AIServiceBackend or InferencePool resources",
  },
  {
    name: "a target of another group",
    spec: `  type: APIKey\n  apiKey: ${secret}\n  targetRefs: [{group: example.com, kind: AIServiceBackend, name: a}]`,
    want: "targetRefs must reference AIServiceBackend or InferencePool resources",
  },
  {
    name: "an exchange of tokens for AWS",
    spec: "  type: AWSCredentials\n  awsCredentials: {region: r, oidcExchangeToken: {oidc: {}, awsRoleArn: a}}",
    want: "OIDC exchange token is not supported: x",
  },
  {
    name: "an override from metadata",
    spec: `  type: APIKey\n  apiKey: ${secret}\n  credentialOverride: {fromDynamicMetadata: {namespace: n}}`,
    want: "credentialOverride.fromDynamicMetadata is not supported in standalone mode",
  },
  {
    name: "an override from nowhere",
    spec: `  type: APIKey\n  apiKey: ${secret}\n  credentialOverride: {}`,
    want: "exactly one of fromRequestHeaders or fromDynamicMetadata must be set",
  },
  {
    name: "an override that falls back on nothing",
    spec: "  type: GCPCredentials\n  gcpCredentials: {projectName: p, region: r}\n  credentialOverride: {fromRequestHeaders: {}}",
    want: "credentialOverride with fallbackToConfigured=true requires a static credential to be configured",
  },
];
matrix(ai, "BackendSecurityPolicy", policies);

test.each([[poolTarget], [`${target}, ${poolTarget}`]])(
  "BackendSecurityPolicy accepts targets [%s]",
  (targets) => {
    const spec = `  type: APIKey\n  apiKey: ${secret}\n  targetRefs: [${targets}]`;
    expect(complaints(ai, "BackendSecurityPolicy", spec).filter((line) => !poolNote.test(line))).toEqual([]);
  },
);

describe("BackendSecurityPolicy v1alpha1", () => {
  const alpha = "aigateway.envoyproxy.io/v1alpha1";
  test("demands a source for Google", () => {
    const spec = "  type: GCPCredentials\n  gcpCredentials: {projectName: p, region: r}";
    expect(complaints(alpha, "BackendSecurityPolicy", spec)).toContain(
      "spec.gcpCredentials: Exactly one of GCPWorkloadIdentityFederationConfig or GCPCredentialsFile must be specified",
    );
  });
  test("does not know credentialOverride, and is deprecated", () => {
    const spec = `  type: APIKey\n  apiKey: ${secret}\n  credentialOverride: {fromRequestHeaders: {}}`;
    expect(complaints(alpha, "BackendSecurityPolicy", spec)).toEqual([
      "apiVersion: aigateway.envoyproxy.io/v1alpha1 is deprecated; use aigateway.envoyproxy.io/v1beta1 instead",
      'unknown field "spec.credentialOverride" ignored',
    ]);
  });
});

const eg = "gateway.envoyproxy.io/v1alpha1";

matrix(eg, "Backend", [
  {
    name: "names",
    spec: "  endpoints: [{fqdn: {hostname: a.example.com, port: 80}}, {fqdn: {hostname: localhost, port: 81}}]",
  },
  {
    name: "addresses and sockets",
    spec: '  endpoints: [{ip: {address: 127.0.0.1, port: 80}}, {ip: {address: "::1", port: 80}}, {unix: {path: /run/x.sock}}]',
  },
  { name: "no endpoint", spec: "  endpoints: []", want: "should have at least 1 items" },
  {
    name: "an endpoint of two kinds",
    spec: "  endpoints: [{fqdn: {hostname: a.b, port: 80}, ip: {address: 127.0.0.1, port: 80}}]",
    want: "exactly one of fqdn, ip and unix must be specified",
  },
  {
    name: "names beside addresses",
    spec: "  endpoints: [{fqdn: {hostname: a.b, port: 80}}, {ip: {address: 127.0.0.1, port: 80}}]",
    want: "fqdn addresses cannot be mixed with other address types",
  },
  {
    name: "an address as a name",
    spec: "  endpoints: [{fqdn: {hostname: 10.0.0.1, port: 80}}]",
    want: "hostname 10.0.0.1 is an IP address",
  },
  {
    name: "a name as an address",
    spec: "  endpoints: [{ip: {address: localhost, port: 80}}]",
    want: '"localhost" is not an IP address',
  },
  {
    name: "TLS without certificates",
    spec: "  endpoints: [{fqdn: {hostname: a.b, port: 443}}]\n  tls: {sni: a.b}",
    want: "has no CA certificates",
  },
  {
    name: "certificates that are not looked at",
    spec: "  endpoints: [{fqdn: {hostname: a.b, port: 443}}]\n  tls: {wellKnownCACertificates: System, insecureSkipVerify: true}",
    want: "must not contain CA certificates when insecureSkipVerify is true",
  },
  {
    name: "a client certificate, which is not sent yet",
    spec: "  endpoints: [{fqdn: {hostname: a.b, port: 443}}]\n  tls: {wellKnownCACertificates: System, clientCertificateRef: {name: c}}",
    want: "spec.tls.clientCertificateRef: is not supported by aigw yet; refusing to start because ignoring it would weaken security",
  },
]);

const tlsTarget = "targetRefs: [{group: gateway.envoyproxy.io, kind: Backend, name: b}]";

for (const version of ["v1", "v1alpha3"]) {
  matrix(`gateway.networking.k8s.io/${version}`, "BackendTLSPolicy", [
    {
      name: `${version} with the system's certificates`,
      spec: `  ${tlsTarget}\n  validation: {wellKnownCACertificates: System, hostname: a.b}`,
    },
    {
      name: `${version} with names`,
      spec: `  ${tlsTarget}\n  validation: {wellKnownCACertificates: System, hostname: a.b, subjectAltNames: [{type: Hostname, hostname: c.d}, {type: URI, uri: "spiffe://x"}]}`,
    },
    {
      name: `${version} without certificates`,
      spec: `  ${tlsTarget}\n  validation: {hostname: a.b}`,
      want: "must specify either caCertificateRefs or wellKnownCACertificates",
    },
    {
      name: `${version} with both`,
      spec: `  ${tlsTarget}\n  validation: {hostname: a.b, wellKnownCACertificates: System, caCertificateRefs: [{kind: ConfigMap, name: c}]}`,
      want: "must not contain both caCertificateRefs and wellKnownCACertificates",
    },
    {
      name: `${version} without a hostname`,
      spec: `  ${tlsTarget}\n  validation: {wellKnownCACertificates: System}`,
      want: "spec.validation.hostname: is required",
    },
  ]);
}

const gatewayTarget = "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]";

matrix(eg, "ClientTrafficPolicy", [
  { name: "a limit", spec: `  ${gatewayTarget}\n  connection: {bufferLimit: 50Mi}` },
  { name: "a plain number", spec: `  ${gatewayTarget}\n  connection: {bufferLimit: 32768}` },
  {
    name: "no target",
    spec: "  connection: {bufferLimit: 50Mi}",
    want: "either targetRef or targetRefs must be used",
  },
  {
    name: "a limit that is no size",
    spec: `  ${gatewayTarget}\n  connection: {bufferLimit: 50MB}`,
    want: "must be a size such as 50Mi",
  },
  {
    name: "a limit of nothing",
    spec: `  ${gatewayTarget}\n  connection: {bufferLimit: 0}`,
    want: "must be a size such as 50Mi",
  },
  {
    name: "ciphers, which are not honoured yet",
    spec: `  ${gatewayTarget}\n  tls: {ciphers: [a]}`,
    want: "spec.tls.ciphers: is not supported by aigw yet; refusing to start",
  },
  {
    name: "versions of TLS that leave none",
    spec: `  ${gatewayTarget}\n  tls: {minVersion: "1.3", maxVersion: "1.2"}`,
    want: "spec.tls.minVersion: minVersion must be smaller or equal to maxVersion",
  },
]);

matrix(eg, "BackendTrafficPolicy", [
  {
    name: "a retry",
    spec: `  ${gatewayTarget}\n  retry: {numRetries: 5, retryOn: {triggers: [connect-failure], httpStatusCodes: [500]}, perRetry: {timeout: 30s}}`,
  },
  {
    name: "a trigger that there is not",
    spec: `  ${gatewayTarget}\n  retry: {retryOn: {triggers: [always]}}`,
    want: 'Unsupported value: "always"',
  },
  {
    name: "a back-off that shrinks",
    spec: `  ${gatewayTarget}\n  retry: {perRetry: {backOff: {baseInterval: 2s, maxInterval: 1s}}}`,
    want: "maxInterval cannot be less than baseInterval",
  },
  {
    name: "no back-off",
    spec: `  ${gatewayTarget}\n  retry: {perRetry: {backOff: {baseInterval: 0s}}}`,
    want: "must be longer than 0s",
  },
  {
    name: "everything about backends",
    spec: `  ${gatewayTarget}
  mergeType: StrategicMerge
  timeout: {tcp: {connectTimeout: 1s}, http: {requestTimeout: 5s, streamIdleTimeout: 1s, maxStreamDuration: 1m, connectionIdleTimeout: 1h, maxConnectionDuration: 1h}}
  circuitBreaker: {maxConnections: 1, maxPendingRequests: 0, maxParallelRequests: 1, retryBudget: {percent: {numerator: 20}, minRetryConcurrency: 3}}
  healthCheck: {panicThreshold: 0, active: {type: HTTP, http: {path: /health}}, passive: {consecutive5XxErrors: 1, maxEjectionPercent: 100}}
  loadBalancer: {type: ConsistentHash, consistentHash: {type: Cookie, cookie: {name: lb, ttl: 1h}}}
  dns: {dnsRefreshRate: 5s, lookupFamily: IPv4}
  connection: {bufferLimit: 64Ki}
  tcpKeepalive: {idleTime: 60s}
  http2: {maxConcurrentStreams: 10}`,
  },
  {
    name: "a hash by nothing",
    spec: `  ${gatewayTarget}\n  loadBalancer: {type: ConsistentHash}`,
    want: "If LoadBalancer type is consistentHash, consistentHash field needs to be set.",
  },
  {
    name: "a hash by a header that is not named",
    spec: `  ${gatewayTarget}\n  loadBalancer: {type: ConsistentHash, consistentHash: {type: Header}}`,
    want: "If consistent hash type is header, the header field must be set.",
  },
  {
    name: "a slow start where there is none",
    spec: `  ${gatewayTarget}\n  loadBalancer: {type: Random, slowStart: {window: 1s}}`,
    want: "Currently SlowStart is only supported for RoundRobin and LeastRequest load balancers.",
  },
  {
    name: "a health check over HTTP without a path",
    spec: `  ${gatewayTarget}\n  healthCheck: {active: {type: HTTP}}`,
    want: "If Health Checker type is HTTP, http field needs to be set.",
  },
  {
    name: "more than everything",
    spec: `  ${gatewayTarget}\n  healthCheck: {panicThreshold: 101}`,
    want: "should be less than or equal to 100",
  },
  {
    name: "limits, faults and overrides",
    spec: `  ${gatewayTarget}
  rateLimit:
    type: Global
    global:
      rules:
        - clientSelectors: [{headers: [{type: Distinct, name: x}], methods: [{value: GET}], path: {value: /a}, sourceCIDR: {value: 10.0.0.0/8}, queryParams: [{name: q, value: v}]}]
          limit: {requests: 4294967295, unit: Month}
          cost: {request: {from: Number, number: 0}}
          shared: true
          shadowMode: true
  faultInjection: {delay: {fixedDelay: 1s, percentage: 0.5}, abort: {httpStatus: 503}}
  requestBuffer: {limit: 1Mi}
  responseOverride:
    - {match: {statusCodes: [{value: 500}, {type: Range, range: {start: 502, end: 504}}]}, response: {statusCode: 503, body: {inline: sorry}}}
    - {match: {statusCodes: [{value: 404}]}, redirect: {hostname: a.com}}`,
  },
  {
    name: "a rate limit that limits nothing",
    spec: `  ${gatewayTarget}\n  rateLimit: {type: Global}`,
    want: "either global or local must be set",
  },
  {
    name: "a response cost of a local limit",
    spec: `  ${gatewayTarget}\n  rateLimit: {type: Local, local: {rules: [{limit: {requests: 1, unit: Hour}, cost: {response: {from: Number, number: 1}}}]}}`,
    want: "response cost is not supported for Local Rate Limits",
  },
  {
    name: "a unit that there is not",
    spec: `  ${gatewayTarget}\n  rateLimit: {global: {rules: [{limit: {requests: 1, unit: Fortnight}}]}}`,
    want: 'Unsupported value: "Fortnight"',
  },
  {
    name: "a selector of nothing",
    spec: `  ${gatewayTarget}\n  rateLimit: {global: {rules: [{limit: {requests: 1, unit: Hour}, clientSelectors: [{}]}]}}`,
    want: "at least one of headers, methods, path, sourceCIDR or queryParams must be specified",
  },
  {
    name: "a cost that is both",
    spec: `  ${gatewayTarget}\n  rateLimit: {global: {rules: [{limit: {requests: 1, unit: Hour}, cost: {request: {from: Number, number: 1, metadata: {namespace: n, key: k}}}}]}}`,
    want: "only one of number or metadata can be specified",
  },
  {
    name: "two buckets for whoever is left",
    spec: `  ${gatewayTarget}\n  rateLimit: {local: {rules: [{limit: {requests: 1, unit: Hour}}, {limit: {requests: 2, unit: Hour}}]}}`,
    want: "only one rule without clientSelectors may be given",
  },
  {
    name: "a fault of no kind",
    spec: `  ${gatewayTarget}\n  faultInjection: {}`,
    want: "Delay and abort faults are set at least one.",
  },
  {
    name: "an override without anything instead",
    spec: `  ${gatewayTarget}\n  responseOverride: [{match: {statusCodes: [{value: 500}]}}]`,
    want: "exactly one of response or redirect must be specified",
  },
  {
    name: "an override of everything",
    spec: `  ${gatewayTarget}\n  responseOverride: [{match: {}, response: {statusCode: 200}}]`,
    want: "at least one of statusCodes or responseHeaders must be specified",
  },
]);

matrix(eg, "EnvoyProxy", [
  { name: "nothing at all", spec: "  {}" },
  {
    name: "levels of components it has never heard of",
    spec: "  logging: {level: {default: error, some_filter: debug}}",
  },
  {
    name: "a level that there is not",
    spec: "  logging: {level: {default: loud}}",
    want: 'Unsupported value: "loud"',
  },
  {
    name: "a setting without a sink",
    spec: "  telemetry: {accessLog: {settings: [{sinks: []}]}}",
    want: "should have at least 1 items",
  },
  {
    name: "text without a text",
    spec: "  telemetry: {accessLog: {settings: [{format: {type: Text}, sinks: [{type: File, file: {path: /x}}]}]}}",
    want: "If AccessLogFormat type is Text, text field needs to be set",
  },
  {
    name: "a file without a path",
    spec: "  telemetry: {accessLog: {settings: [{sinks: [{type: File}]}]}}",
    want: "If AccessLogSink type is File, file field needs to be set",
  },
]);
