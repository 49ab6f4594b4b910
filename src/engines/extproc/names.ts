import { configuredKeys, configuredNamespace } from "../envoy/names.ts";

/** Headers, metadata and attributes by which processor and Envoy's configuration know each other: one list for both. */
export {
  accessMetadata,
  addressMetadata,
  clientPathHeader as originalPathHeader,
  collectorMetadata,
  exchangeIdHeader as requestIdHeader,
  exchangeNamespace as metadataNamespace,
  failureHeader,
  internalPrefix,
  lateMetadata,
  listenerMetadata,
  maxBodyMetadata,
  modelHeader,
  plainMetadata,
  retryHeader,
  ruleMetadata,
} from "../envoy/names.ts";

const ofHost = (key: string) =>
  `xds.upstream_host_metadata.filter_metadata['${configuredNamespace}']['${key}']`;
const ofRoute = (key: string) => `xds.route_metadata.filter_metadata['${configuredNamespace}']['${key}']`;
const ofCluster = (key: string) => `xds.cluster_metadata.filter_metadata['${configuredNamespace}']['${key}']`;

/** What a cluster's filter asks Envoy for. The first four are those of Envoy AI Gateway, the prints are ours. */
export const attributes = {
  hostBackend: ofHost(configuredKeys.backend),
  clusterBackend: ofCluster(configuredKeys.backend),
  upstreamHost: ofHost(configuredKeys.upstreamHost),
  routeName: ofRoute(configuredKeys.route),
  /** Who may come in by this route. */
  access: ofRoute(configuredKeys.access),
  /** `print` of the AiBackend: tells backends of one name from before and after a reload apart. */
  hostPrint: ofHost(configuredKeys.backendPrint),
  clusterPrint: ofCluster(configuredKeys.backendPrint),
} as const;

/** What the listener's filter may ask for about responses: who answered, the upstream or Envoy itself. */
export const responseDetails = "response.code_details";
/** `response.code_details` of what came from an upstream. */
export const viaUpstream = "via_upstream";
