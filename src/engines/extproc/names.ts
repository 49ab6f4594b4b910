/** Headers, metadata and attributes by which processor and Envoy's configuration know each other. */

/** Headers that only the gateway writes. */
export const internalPrefix = "x-ai-eg-";
export const modelHeader = "x-ai-eg-model";
export const originalPathHeader = "x-ai-eg-original-path";
export const requestIdHeader = "x-ai-eg-internal-req-id";

/** Namespace of the dynamic metadata that the processor writes; the filters must list it as one they receive. */
export const metadataNamespace = "io.envoy.ai_gateway";
/**
 * Key of the request's internal id. Where a cluster's filter forwards the namespace, the upstream finds its exchange by
 * it, and internal headers stay behind.
 */
export const requestIdKey = "aigw_request_id";
/** Key of the model that the client asked for, for access logs that cannot rely on the header. */
export const originalModelKey = "original_model";

const ofHost = (key: string) => `xds.upstream_host_metadata.filter_metadata['aigateway.envoy.io']['${key}']`;
const ofCluster = (key: string) => `xds.cluster_metadata.filter_metadata['aigateway.envoy.io']['${key}']`;

/** What a cluster's filter asks Envoy for. The first four are those of Envoy AI Gateway, the prints are ours. */
export const attributes = {
  hostBackend: ofHost("per_route_rule_backend_name"),
  clusterBackend: ofCluster("per_route_rule_backend_name"),
  upstreamHost: ofHost("upstream_host"),
  routeName: "xds.route_metadata.filter_metadata['aigateway.envoy.io']['aigw_route_name']",
  /** `print` of the AiBackend: tells backends of one name from before and after a reload apart. */
  hostPrint: ofHost("aigw_backend"),
  clusterPrint: ofCluster("aigw_backend"),
} as const;

/** What the listener's filter may ask for about responses: who answered, the upstream or Envoy itself. */
export const responseDetails = "response.code_details";
/** `response.code_details` of what came from an upstream. */
export const viaUpstream = "via_upstream";
