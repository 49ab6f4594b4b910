/** Headers, metadata and attributes by which processor and Envoy's configuration know each other. */

/** Headers that only the gateway writes. */
export const internalPrefix = "x-ai-eg-";
export const modelHeader = "x-ai-eg-model";
export const originalPathHeader = "x-ai-eg-original-path";
export const requestIdHeader = "x-ai-eg-internal-req-id";
/** With answers that Envoy made itself and put into the client's shape: the `FailureCode`. */
export const failureHeader = "x-ai-eg-failure";
/** Metadata of a listener's calls: the largest request body that it accepts. Envoy's own limit holds for answers too. */
export const maxBodyMetadata = "x-ai-eg-max-body-bytes";

/** Namespace of the dynamic metadata that the processor writes; the filters must list it as one they receive. */
export const metadataNamespace = "io.envoy.ai_gateway";
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
