import { placeOf } from "../../../credentials/index.ts";
import type { Endpoint } from "../../../model/backend.ts";
import type { CredentialWay } from "../../../model/credential.ts";
import type { GatewayModel } from "../../../model/gateway.ts";
import type { BackendRef, Forward, Rule } from "../../../model/route.ts";
import { type HeaderEdits, noHeaderEdits } from "../../../model/values.ts";
import type { Addresses } from "../name-watch.ts";
import { configuredKeys, configuredNamespace } from "../names.ts";
import { writeAttemptFilters, writeInjection } from "./filters.ts";
import { duration, extension, type JsonObject, type Resource, typed } from "./proto.ts";
import type { SecretFiles } from "./secret-files.ts";
import type { EnvoySettings } from "./settings.ts";
import { writeConnections, writeDns, writeHttp2, writeUpstreamPolicy } from "./upstream-policy.ts";
import { writeUpstreamTls } from "./upstream-tls.ts";

/**
 * A rule's cluster by what the rule is, not by where it stands: when a file is edited, the clusters of today and of
 * yesterday stand side by side while routes change over. Logs and statistics show the rule's key.
 */
export function clusterName({ key, print }: Rule): string {
  return `${key}/${print.slice(0, 12)}`;
}

/** References that take part at all, in the order of their priorities. */
export function liveRefs({ action }: Rule): readonly BackendRef[] {
  if (action.type !== "forward") return [];
  return action.refs.filter(({ weight }) => weight > 0).toSorted((a, b) => a.priority - b.priority);
}

/**
 * Whether each reference has a cluster of its own, since Envoy has header edits for whole clusters only. Priorities
 * mean nothing between clusters, and retries stay in one.
 */
export function isSplit(rule: Rule): boolean {
  const refs = liveRefs(rule);
  const secrets = new Set(refs.map(({ injected }) => JSON.stringify(injected ?? null)));
  return secrets.size > 1 || refs.some(hasOwnEdits);
}

function hasOwnEdits({ requestHeaders, responseHeaders, host }: BackendRef): boolean {
  const isEdited = ({ remove, set, add }: HeaderEdits) => remove.length + set.length + add.length > 0;
  return host !== undefined || isEdited(requestHeaders) || isEdited(responseHeaders);
}

/** Of a reference that has one for itself. */
export function refClusterName(rule: Rule, { name }: BackendRef): string {
  return `${clusterName(rule)}${name.slice(rule.key.length)}`;
}

/** Of the copies of a rule's requests. */
export function mirrorClusterName(rule: Rule, index: number): string {
  return `${clusterName(rule)}/mirror/${index}`;
}

/** An endpoint of a reference, with what is needed to write it. */
interface Place {
  readonly ref: BackendRef;
  readonly endpoint: Endpoint;
}

/** Whether a backend of the rule has a credential that may be had anew when it is refused. */
export function mayRenew(rule: Rule, model: GatewayModel): boolean {
  return liveRefs(rule).some((ref) => {
    const way = wayOf(ref, model);
    return way !== undefined && way.type !== "header";
  });
}

function wayOf({ ai }: BackendRef, model: GatewayModel): CredentialWay | undefined {
  const credential = ai === undefined ? undefined : model.aiBackends[ai]?.credential;
  return credential === undefined ? undefined : model.credentials[credential]?.way;
}

/** Whether a rule's requests can only go to one place. */
export function hasOneEndpoint(rule: Rule, model: GatewayModel): boolean {
  return liveRefs(rule).reduce((sum, ref) => sum + endpointsOf(ref, model).length, 0) === 1;
}

/** The clusters of a rule: mostly one, with a locality for each reference; none where nothing can be reached. */
export function writeClusters(
  rule: Rule,
  model: GatewayModel,
  files: SecretFiles,
  settings: EnvoySettings,
): Resource[] {
  const { action } = rule;
  if (action.type !== "forward") return [];
  const write = (name: string, refs: readonly BackendRef[]) =>
    writeCluster({ name, rule, action, refs }, model, files, settings);
  const refs = liveRefs(rule);
  const mirrors = (action.mirrors ?? []).flatMap(({ at, backend }, index) => {
    const name = mirrorClusterName(rule, index);
    const edits = { requestHeaders: noHeaderEdits, responseHeaders: noHeaderEdits };
    return write(name, [{ at, name, weight: 1, priority: 0, backend, ...edits }]);
  });
  return isSplit(rule)
    ? [...refs.flatMap((ref) => write(refClusterName(rule, ref), [ref])), ...mirrors]
    : [...write(clusterName(rule), refs), ...mirrors];
}

interface ClusterDraft {
  readonly name: string;
  readonly rule: Rule;
  readonly action: Forward;
  readonly refs: readonly BackendRef[];
}

function writeCluster(
  { name, rule, action, refs: all }: ClusterDraft,
  model: GatewayModel,
  files: SecretFiles,
  settings: EnvoySettings,
): Resource[] {
  const refs = all.filter((ref) => endpointsOf(ref, model).length > 0);
  if (refs.length === 0) return [];
  const places = refs.flatMap((ref) => endpointsOf(ref, model).map((endpoint) => ({ ref, endpoint })));
  const sockets = writeSockets(places, files, settings);
  const isMixed = isMixedRule(places);
  const filters = action.isAi
    ? writeAttemptFilters(mayRenew(rule, model), Object.keys(model.access).length > 0)
    : writeInjection(refs[0]?.injected, files);
  const value = typed("envoy.config.cluster.v3.Cluster", {
    name,
    alt_stat_name: rule.key,
    ...writeDiscovery(action, places, isMixed),
    connect_timeout: duration(action.timeouts.connectMs),
    ...writeUpstreamPolicy(action),
    ignore_health_on_host_removal: true,
    ...sockets.fields,
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        {
          ...writeConnections(action),
          ...writeProtocol(action, places),
          ...(filters.length === 0 ? {} : { http_filters: filters }),
        },
      ),
    },
    load_assignment: {
      cluster_name: name,
      endpoints: writeLocalities(refs, model, sockets.nameOf, isMixed ? settings.addresses : undefined),
    },
  });
  return [{ name, value }];
}

function endpointsOf({ backend, broken }: BackendRef, model: GatewayModel): readonly Endpoint[] {
  if (broken !== undefined || backend === undefined) return [];
  return model.backends[backend]?.endpoints ?? [];
}

/** Envoy has no clusters with both names and unix sockets: there the names are looked up for it. */
function isMixedRule(places: readonly Place[]): boolean {
  const types = new Set(places.map(({ endpoint }) => endpoint.address.type));
  return types.has("dns") && types.has("unix");
}

/** Names that must be looked up before a model can be written. */
export function namesToLookUp(model: GatewayModel): string[] {
  const names = Object.values(model.rules).flatMap((rule) => {
    if (isSplit(rule)) return [];
    const places = liveRefs(rule).flatMap((ref) =>
      endpointsOf(ref, model).map((endpoint) => ({ ref, endpoint })),
    );
    return isMixedRule(places) ? places.map(({ endpoint }) => endpoint.address) : [];
  });
  return [...new Set(names.flatMap((address) => (address.type === "dns" ? [address.host] : [])))];
}

/** Every record of a name is an endpoint. A name that cannot be resolved is asked for again soon. */
function writeDiscovery(action: Forward, places: readonly Place[], isMixed: boolean): JsonObject {
  if (isMixed || !places.some(({ endpoint }) => endpoint.address.type === "dns")) return { type: "STATIC" };
  return {
    cluster_type: extension("envoy.cluster.dns", "envoy.extensions.clusters.dns.v3.DnsCluster", {
      ...writeDns(action.upstream?.dns),
      dns_failure_refresh_rate: { base_interval: "1s", max_interval: "10s" },
    }),
  };
}

/** HTTP/2 where TLS can agree on it with every endpoint. */
function writeProtocol(action: Forward, places: readonly Place[]): JsonObject {
  const http2 = writeHttp2(action);
  return places.every(({ endpoint }) => endpoint.tls !== undefined)
    ? { auto_config: { http_protocol_options: {}, http2_protocol_options: http2 } }
    : { explicit_http_config: { http_protocol_options: {} } };
}

interface Sockets {
  readonly fields: JsonObject;
  /** Which of them an endpoint uses; `undefined` for the only one. */
  nameOf(endpoint: Endpoint): string | undefined;
}

/** TLS as each endpoint has it: one for all where they agree, else chosen by the endpoint's metadata. */
function writeSockets(places: readonly Place[], files: SecretFiles, settings: EnvoySettings): Sockets {
  const canAgree = places.every(({ endpoint }) => endpoint.tls !== undefined);
  const textOf = ({ tls }: Endpoint) =>
    tls === undefined ? undefined : JSON.stringify(writeUpstreamTls(tls, canAgree, files, settings));
  const texts = [...new Set(places.map(({ endpoint }) => textOf(endpoint)))];
  const [only] = texts;
  if (texts.length === 1) {
    return {
      fields: only === undefined ? {} : { transport_socket: JSON.parse(only) as JsonObject },
      nameOf: () => undefined,
    };
  }
  const secure = texts.filter((text) => text !== undefined);
  const nameOf = (text: string) => `tls-${secure.indexOf(text)}`;
  return {
    fields: {
      transport_socket_matches: secure.map((text) => ({
        name: nameOf(text),
        match: { tls: nameOf(text) },
        transport_socket: JSON.parse(text) as JsonObject,
      })),
      // For those that match none: all others speak plainly.
      ...(canAgree ? { transport_socket: JSON.parse(secure[0] ?? "{}") as JsonObject } : {}),
    },
    nameOf(endpoint) {
      const text = textOf(endpoint);
      return text === undefined ? undefined : nameOf(text);
    },
  };
}

function writeLocalities(
  refs: readonly BackendRef[],
  model: GatewayModel,
  nameOf: Sockets["nameOf"],
  addresses: Addresses | undefined,
): JsonObject[] {
  // Envoy wants priorities without gaps.
  const priorities = [...new Set(refs.map(({ priority }) => priority))];
  return refs.map((ref) => ({
    locality: { region: ref.name },
    load_balancing_weight: ref.weight,
    priority: priorities.indexOf(ref.priority),
    lb_endpoints: endpointsOf(ref, model).flatMap((endpoint) =>
      writeAddresses(endpoint, addresses).map((address) =>
        writeEndpoint(endpoint, ref, address, model, nameOf(endpoint)),
      ),
    ),
  }));
}

/** What the processor needs to know of the endpoint that was chosen. */
function describeRef({ ai }: BackendRef, endpoint: Endpoint, model: GatewayModel): JsonObject {
  const backend = ai === undefined ? undefined : model.aiBackends[ai];
  if (backend === undefined) return {};
  const host = endpoint.hostname ?? (endpoint.address.type === "dns" ? endpoint.address.host : undefined);
  return {
    [configuredKeys.backend]: backend.key,
    [configuredKeys.backendPrint]: backend.print,
    ...(host === undefined ? {} : { [configuredKeys.upstreamHost]: host }),
  };
}

function writeEndpoint(
  endpoint: Endpoint,
  ref: BackendRef,
  address: JsonObject,
  model: GatewayModel,
  tls: string | undefined,
): JsonObject {
  const host = hostHeader(endpoint, wayOf(ref, model));
  return {
    endpoint: { address, hostname: host, health_check_config: { hostname: host } },
    metadata: {
      filter_metadata: {
        [configuredNamespace]: describeRef(ref, endpoint, model),
        ...(tls === undefined ? {} : { "envoy.transport_socket_match": { tls } }),
      },
    },
  };
}

/** Of a name that was looked up there may be several, or none. */
function writeAddresses({ address }: Endpoint, addresses: Addresses | undefined): JsonObject[] {
  if (address.type === "unix") return [{ pipe: { path: address.path } }];
  const hosts = address.type === "dns" && addresses ? (addresses.get(address.host) ?? []) : [address.host];
  return hosts.map((host) => ({ socket_address: { address: host, port_value: address.port } }));
}

/**
 * What Host becomes: the endpoint's name, with its port unless that is the scheme's own. For AWS it is part of what is
 * signed, and an address has no name.
 */
function hostHeader({ address, hostname, tls }: Endpoint, way: CredentialWay | undefined): string {
  if (hostname !== undefined) return hostname;
  if (way?.type === "aws")
    return placeOf(address.type === "unix" ? undefined : address.host, way.region).host;
  if (address.type === "unix") return "localhost";
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return address.port === (tls === undefined ? 80 : 443) ? host : `${host}:${address.port}`;
}
