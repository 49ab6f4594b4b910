import { groups } from "../resources/common.ts";
import { controllerName } from "../resources/gateway-api/gateway-class.ts";
import { accessLogSettings } from "./access-log.ts";
import type { LogSink } from "./log-sink.ts";
import type { Provider } from "./provider.ts";

export const gatewayName = "aigw-run";
export const namespace = "default";
const proxyName = "envoy-ai-gateway";
const defaultPort = 1975;

const v1 = `${groups.gateway}/v1`;
const v1alpha1 = `${groups.envoy}/v1alpha1`;
const v1beta1 = `${groups.ai}/v1beta1`;

interface GatewayOptions {
  /** Absent: only the Gateway, for what else is there. */
  readonly provider: Provider | undefined;
  readonly logSink: LogSink;
  readonly envoyVersion: string | undefined;
  readonly isDebug: boolean;
  readonly port?: number | undefined;
}

/** The resources that a user would have written for a Gateway and one provider, in a fixed order. */
export function gatewayResources(options: GatewayOptions): object[] {
  const { provider } = options;
  return [
    gatewayClass(),
    gateway(options.port ?? defaultPort),
    envoyProxy(options),
    ...(provider === undefined
      ? []
      : [route(provider), backend(provider), serviceBackend(provider), ...tlsPolicy(provider)]),
    bufferLimit(),
    ...(provider === undefined ? [] : [secret(provider), securityPolicy(provider)]),
  ];
}

function gatewayClass(): object {
  return { apiVersion: v1, kind: "GatewayClass", metadata: { name: gatewayName }, spec: { controllerName } };
}

function gateway(port: number): object {
  return {
    apiVersion: v1,
    kind: "Gateway",
    metadata: { name: gatewayName, namespace },
    spec: {
      gatewayClassName: gatewayName,
      listeners: [{ name: "http", protocol: "HTTP", port }],
      infrastructure: { parametersRef: { group: groups.envoy, kind: "EnvoyProxy", name: proxyName } },
    },
  };
}

function envoyProxy({ logSink, envoyVersion, isDebug }: GatewayOptions): object {
  const provider = envoyVersion === undefined ? {} : { provider: { type: "Host", host: { envoyVersion } } };
  // At debug these two components of Envoy print the headers they send, credentials among them.
  const level = isDebug ? { default: "debug", http: "info", ext_proc: "info" } : { default: "error" };
  const accessLog = logSink.type === "none" ? { disable: true } : { settings: accessLogSettings(logSink) };
  return {
    apiVersion: v1alpha1,
    kind: "EnvoyProxy",
    metadata: { name: proxyName, namespace },
    spec: { ...provider, logging: { level }, telemetry: { accessLog } },
  };
}

function route({ name }: Provider): object {
  return {
    apiVersion: v1beta1,
    kind: "AIGatewayRoute",
    metadata: { name: gatewayName, namespace },
    spec: {
      parentRefs: [{ group: groups.gateway, kind: "Gateway", name: gatewayName }],
      rules: [
        {
          matches: [{ headers: [{ type: "RegularExpression", name: "x-ai-eg-model", value: ".*" }] }],
          backendRefs: [{ name }],
          timeouts: { request: "120s" },
        },
      ],
      llmRequestCosts: [
        { metadataKey: "llm_input_token", type: "InputToken" },
        { metadataKey: "llm_output_token", type: "OutputToken" },
        { metadataKey: "llm_reasoning_token", type: "ReasoningToken" },
      ],
    },
  };
}

function backend({ name, url: { isIp, host, port } }: Provider): object {
  const endpoint = isIp ? { ip: { address: host, port } } : { fqdn: { hostname: host, port } };
  return {
    apiVersion: v1alpha1,
    kind: "Backend",
    metadata: { name, namespace },
    spec: { endpoints: [endpoint] },
  };
}

function serviceBackend({ name, schema, headers }: Provider): object {
  return {
    apiVersion: v1beta1,
    kind: "AIServiceBackend",
    metadata: { name, namespace },
    spec: {
      schema,
      backendRef: { group: groups.envoy, kind: "Backend", name, namespace },
      ...(headers.length === 0 ? {} : { headerMutation: { set: headers } }),
    },
  };
}

function tlsPolicy({ name, url: { isTls, host } }: Provider): object[] {
  if (!isTls) return [];
  return [
    {
      apiVersion: `${groups.gateway}/v1alpha3`,
      kind: "BackendTLSPolicy",
      metadata: { name: `${name}-tls`, namespace },
      spec: {
        targetRefs: [{ group: groups.envoy, kind: "Backend", name }],
        validation: { wellKnownCACertificates: "System", hostname: host },
      },
    },
  ];
}

function bufferLimit(): object {
  return {
    apiVersion: v1alpha1,
    kind: "ClientTrafficPolicy",
    metadata: { name: "client-buffer-limit", namespace },
    spec: {
      targetRefs: [{ group: groups.gateway, kind: "Gateway", name: gatewayName }],
      connection: { bufferLimit: "50Mi" },
    },
  };
}

/** Names the variable: the key itself stays in the environment. */
function secret({ name, keyVariable }: Provider): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: `${name}-apikey`,
      namespace,
      annotations: { "substitution.aigw.run/env/apiKey": keyVariable },
    },
    type: "Opaque",
    stringData: { apiKey: `from ${keyVariable}` },
  };
}

function securityPolicy({ name, policy: { type, member } }: Provider): object {
  return {
    apiVersion: v1beta1,
    kind: "BackendSecurityPolicy",
    metadata: { name: `${name}-apikey`, namespace },
    spec: {
      targetRefs: [{ group: groups.ai, kind: "AIServiceBackend", name }],
      type,
      [member]: { secretRef: { name: `${name}-apikey` } },
    },
  };
}
