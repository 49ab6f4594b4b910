/** Names that Envoy's configuration and the processor behind ext_proc must agree on. */

/** Of the ext_proc filter at both levels. */
export const processorFilter = "envoy.filters.http.ext_proc/aigateway";
/** Of the cluster that leads to the processor's socket. */
export const processorCluster = "ai-gateway-extproc-uds";

/** Of the cluster that leads to this program's own MCP endpoint. */
export const mcpCluster = "aigw-mcp";
/** For it alone: keys of MCP routes that a request may be for, with commas; and that its listener is a local one. */
export const mcpRouteHeader = "x-ai-eg-mcp-route";
export const mcpLocalHeader = "x-ai-eg-mcp-local";

/** Filter metadata of endpoints and routes. */
export const configuredNamespace = "aigateway.envoy.io";
export const configuredKeys = {
  /** Endpoint: key of the `AiBackend`. */
  backend: "per_route_rule_backend_name",
  /** Endpoint: print of the `AiBackend`, which tells yesterday's from today's of the same key. */
  backendPrint: "aigw_backend",
  /** Endpoint: what the upstream is called, for signing. */
  upstreamHost: "upstream_host",
  /** Route: who may come in, a key of `GatewayModel.access`. */
  access: "aigw_access",
  /** Route: `namespace/name` of the AIGatewayRoute. */
  route: "aigw_route_name",
} as const;

/** Dynamic metadata that the processor writes. */
export const exchangeNamespace = "io.envoy.ai_gateway";
/** Length of the body that the processor sends instead of the client's. */
export const contentLengthKey = "content_length";

/** Headers with this beginning are the gateway's own: no client sends them, no upstream gets them. */
export const internalPrefix = "x-ai-eg-";
/** The model to route by; present once the body was read, even if it is empty. */
export const modelHeader = "x-ai-eg-model";
/** By which an attempt finds the exchange it belongs to. */
export const exchangeIdHeader = "x-ai-eg-internal-req-id";
/** Path and query as the client sent them. */
export const clientPathHeader = "x-ai-eg-original-path";
/** On answers that Envoy itself made: the `FailureCode`. The processor may say it better; it never reaches a client. */
export const failureHeader = "x-ai-eg-failure";

/** On answers by which a backend refused a credential that may be had anew: Envoy tries once more for it. */
export const retryHeader = "x-ai-eg-retry";

/** What the router-level filter tells the processor about an answer: whether it came from an upstream. */
export const answerAttributes: readonly string[] = ["response.code_details"];

/** gRPC metadata of the router-level stream: `key` of the listener. */
export const listenerMetadata = "x-ai-eg-listener";
/** gRPC metadata of the router-level stream: `key` of the rule, where that is known without a model. */
export const ruleMetadata = "x-ai-eg-rule";
/** gRPC metadata of the router-level stream: the largest request body that its listener accepts. */
export const maxBodyMetadata = "x-ai-eg-max-body-bytes";

/** gRPC metadata of access-log records: which collector they are for, as `host:port`. */
export const collectorMetadata = "x-ai-eg-collector";

/** gRPC metadata of the router-level stream: who may come in, a key of `GatewayModel.access`. */
export const accessMetadata = "x-ai-eg-access";
/** Beside it, where rules differ: endpoints wait for their rule. */
export const lateMetadata = "x-ai-eg-access-late";
/** Beside it, on routes of plain HTTP: nothing is asked but who comes in. */
export const plainMetadata = "x-ai-eg-plain";
/** The client's IP address, where somebody asks for it. */
export const addressMetadata = "x-ai-eg-client-address";

/** What the upstream-level filter tells the processor; each expression is also the name it goes by. */
export const attemptAttributes: readonly string[] = [
  hostAttribute(configuredKeys.backend),
  clusterAttribute(configuredKeys.backend),
  hostAttribute(configuredKeys.upstreamHost),
  hostAttribute(configuredKeys.backendPrint),
  routeAttribute(configuredKeys.route),
];

/** Beside these, where any route is not open to everybody. */
export const accessAttribute = routeAttribute(configuredKeys.access);

function routeAttribute(key: string): string {
  return `xds.route_metadata.filter_metadata['${configuredNamespace}']['${key}']`;
}

function hostAttribute(key: string): string {
  return `xds.upstream_host_metadata.filter_metadata['${configuredNamespace}']['${key}']`;
}

function clusterAttribute(key: string): string {
  return `xds.cluster_metadata.filter_metadata['${configuredNamespace}']['${key}']`;
}
