import { z } from "zod";
import { AIGatewayRoute } from "./resources/ai-gateway/ai-gateway-route.ts";
import { AIServiceBackend } from "./resources/ai-gateway/ai-service-backend.ts";
import {
  BackendSecurityPolicy,
  BackendSecurityPolicyAlpha,
} from "./resources/ai-gateway/backend-security-policy.ts";
import { GatewayConfig } from "./resources/ai-gateway/gateway-config.ts";
import { MCPRoute } from "./resources/ai-gateway/mcp-route.ts";
import { QuotaPolicy } from "./resources/ai-gateway/quota-policy.ts";
import { groups } from "./resources/common.ts";
import { ConfigMap } from "./resources/core/config-map.ts";
import { Secret } from "./resources/core/secret.ts";
import { Backend } from "./resources/envoy-gateway/backend.ts";
import { BackendTrafficPolicy } from "./resources/envoy-gateway/backend-traffic-policy.ts";
import { ClientTrafficPolicy } from "./resources/envoy-gateway/client-traffic-policy.ts";
import { EnvoyProxy } from "./resources/envoy-gateway/envoy-proxy.ts";
import { HTTPRouteFilter } from "./resources/envoy-gateway/http-route-filter.ts";
import { SecurityPolicy } from "./resources/envoy-gateway/security-policy.ts";
import { BackendTLSPolicy } from "./resources/gateway-api/backend-tls-policy.ts";
import { Gateway } from "./resources/gateway-api/gateway.ts";
import { GatewayClass } from "./resources/gateway-api/gateway-class.ts";
import { HTTPRoute } from "./resources/gateway-api/http-route.ts";
import { ReferenceGrant } from "./resources/gateway-api/reference-grant.ts";
import { Metadata } from "./resources/metadata.ts";
import type { Support } from "./resources/support.ts";

/** A kind with a schema. The members beside apiVersion, kind and metadata are its `fields`. */
interface Row<F extends z.ZodRawShape> {
  readonly group: string;
  readonly isNamespaced: boolean;
  readonly schema: ReturnType<typeof resource<F>>;
  /** Accepted versions, each with its schema. */
  readonly versions: { readonly [version: string]: z.ZodObject };
}

const common = {
  apiVersion: z.string(),
  kind: z.string(),
  metadata: Metadata,
  status: z.unknown().optional(),
};

function resource<F extends z.ZodRawShape>(fields: F) {
  return z.strictObject({ ...common, ...fields });
}

interface RowOptions {
  readonly isNamespaced?: boolean;
  readonly older?: { readonly [version: string]: z.ZodRawShape };
}

/** `versions`: newest first. */
function row<F extends z.ZodRawShape>(
  group: string,
  versions: readonly string[],
  fields: F,
  options: RowOptions = {},
): Row<F> {
  const { isNamespaced = true, older = {} } = options;
  const schema = resource(fields);
  const schemas: { [version: string]: z.ZodObject } = {};
  for (const version of versions) {
    const own = older[version];
    schemas[version] = own === undefined ? schema : resource(own);
  }
  return { group, isNamespaced, schema, versions: schemas };
}

/** Every kind that has a schema. Dispatch, the published JSON schema and the types of resources come from here. */
export const kinds = {
  GatewayClass: row(groups.gateway, ["v1", "v1beta1"], GatewayClass, { isNamespaced: false }),
  Gateway: row(groups.gateway, ["v1", "v1beta1"], Gateway),
  HTTPRoute: row(groups.gateway, ["v1", "v1beta1"], HTTPRoute),
  BackendTLSPolicy: row(groups.gateway, ["v1", "v1alpha3"], BackendTLSPolicy),
  ReferenceGrant: row(groups.gateway, ["v1", "v1beta1"], ReferenceGrant),
  AIGatewayRoute: row(groups.ai, ["v1beta1", "v1alpha1"], AIGatewayRoute),
  AIServiceBackend: row(groups.ai, ["v1beta1", "v1alpha1"], AIServiceBackend),
  BackendSecurityPolicy: row(groups.ai, ["v1beta1", "v1alpha1"], BackendSecurityPolicy, {
    older: { v1alpha1: BackendSecurityPolicyAlpha },
  }),
  GatewayConfig: row(groups.ai, ["v1beta1", "v1alpha1"], GatewayConfig),
  MCPRoute: row(groups.ai, ["v1beta1", "v1alpha1"], MCPRoute),
  QuotaPolicy: row(groups.ai, ["v1alpha1"], QuotaPolicy),
  Backend: row(groups.envoy, ["v1alpha1"], Backend),
  BackendTrafficPolicy: row(groups.envoy, ["v1alpha1"], BackendTrafficPolicy),
  ClientTrafficPolicy: row(groups.envoy, ["v1alpha1"], ClientTrafficPolicy),
  EnvoyProxy: row(groups.envoy, ["v1alpha1"], EnvoyProxy),
  HTTPRouteFilter: row(groups.envoy, ["v1alpha1"], HTTPRouteFilter),
  SecurityPolicy: row(groups.envoy, ["v1alpha1"], SecurityPolicy),
  Secret: row("", ["v1"], Secret),
  ConfigMap: row("", ["v1"], ConfigMap),
} as const;

export type KindName = keyof typeof kinds;
export type ValueOf<K extends KindName> = z.output<(typeof kinds)[K]["schema"]>;

/** `aigateway.envoyproxy.io/v1alpha1` and the like, still read: said once a run. */
export function isDeprecated(group: string, version: string): boolean {
  return group === groups.ai && version === "v1alpha1";
}

/** Kinds without a schema: `isGrouped` ones share one line, others have one line a kind. */
export interface Tier extends Support {
  readonly isGrouped?: boolean;
  readonly isPool?: boolean;
}

const kubernetesOnly: Tier = {
  severity: "info",
  message: "ignoring Kubernetes-only resources in standalone mode",
  isGrouped: true,
};
const otherRoute: Tier = {
  severity: "warning",
  message: "is not supported in standalone mode and is ignored",
};
const extension: Tier = { severity: "error", message: "is not supported in standalone mode" };
const installation: Tier = {
  severity: "error",
  message: "is an Envoy Gateway installation setting, not a gateway resource",
};
const pool: Tier = {
  severity: "info",
  message: "InferencePool is only available on Kubernetes; use an AIServiceBackend with a Backend instead",
  isGrouped: true,
  isPool: true,
};
const patch: Tier = {
  severity: "warning",
  message: "is ignored: direct Envoy configuration patches are not supported",
};

function tier(group: string, names: string, meaning: Tier): (readonly [string, Tier])[] {
  return names.split(" ").map((kind) => [`${group}/${kind}`, meaning] as const);
}

/** Kinds that are known and not read, by `group/kind`. */
export const tiers: ReadonlyMap<string, Tier> = new Map([
  ...tier(
    "",
    "Service Pod Endpoints ServiceAccount Namespace PersistentVolume PersistentVolumeClaim",
    kubernetesOnly,
  ),
  ...tier("apps", "Deployment StatefulSet DaemonSet ReplicaSet", kubernetesOnly),
  ...tier("batch", "Job CronJob", kubernetesOnly),
  ...tier("discovery.k8s.io", "EndpointSlice", kubernetesOnly),
  ...tier("rbac.authorization.k8s.io", "Role RoleBinding ClusterRole ClusterRoleBinding", kubernetesOnly),
  ...tier("autoscaling", "HorizontalPodAutoscaler", kubernetesOnly),
  ...tier("policy", "PodDisruptionBudget", kubernetesOnly),
  ...tier("networking.k8s.io", "Ingress NetworkPolicy", kubernetesOnly),
  ...tier("monitoring.coreos.com", "ServiceMonitor", kubernetesOnly),
  ...tier("apiextensions.k8s.io", "CustomResourceDefinition", kubernetesOnly),
  ...tier(groups.inference, "InferencePool InferenceObjective", pool),
  ...tier("inference.networking.x-k8s.io", "InferencePool InferenceObjective InferenceModel", pool),
  ...tier(groups.gateway, "GRPCRoute TCPRoute UDPRoute TLSRoute ListenerSet BackendLBPolicy", otherRoute),
  ...tier("gateway.networking.x-k8s.io", "XListenerSet", otherRoute),
  ...tier(groups.envoy, "EnvoyExtensionPolicy", extension),
  ...tier(groups.envoy, "EnvoyPatchPolicy", patch),
  ...tier(groups.envoy, "EnvoyGateway", installation),
]);
