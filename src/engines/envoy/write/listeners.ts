import type { GatewayModel } from "../../../model/gateway.ts";
import type { Listener } from "../../../model/listener.ts";
import { internalPrefix } from "../names.ts";
import type { WrittenLogs } from "./access-logs.ts";
import { writeFilters } from "./filters.ts";
import { writeLocalReplies } from "./local-replies.ts";
import { duration, extension, fileSource, type JsonObject, type Resource, typed } from "./proto.ts";
import { largestBody, routesFile, routesName, statisticsPrefix } from "./routes.ts";
import type { SecretFiles } from "./secret-files.ts";
import { tlsInspector, writeChainTls } from "./server-tls.ts";
import type { EnvoySettings } from "./settings.ts";

/** So much of an answer is held at least, whatever the limit for requests. */
const minBufferBytes = 50 * 2 ** 20;
const streamIdleMs = 5 * 60_000;
const idleMs = 60 * 60_000;

/** One socket with its chain. What changes often, the routes, is not in it, so a change of those leaves it alone. */
export function writeListener(
  listener: Listener,
  model: GatewayModel,
  logs: WrittenLogs,
  files: SecretFiles,
  settings: EnvoySettings,
): Resource {
  const name = listener.key;
  const maxBodyBytes = largestBody(listener);
  const filters = [
    extension(
      "envoy.filters.network.http_connection_manager",
      "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      writeHttp(listener, model, maxBodyBytes, logs, settings),
    ),
  ];
  const isSecure = listener.chains.some(({ tls }) => tls !== undefined);
  return {
    name,
    value: typed("envoy.config.listener.v3.Listener", {
      name,
      address: { socket_address: { address: listener.address, port_value: listener.port } },
      traffic_direction: "INBOUND",
      max_connections_to_accept_per_socket_event: 1,
      per_connection_buffer_limit_bytes: Math.max(maxBodyBytes, minBufferBytes),
      ...(isSecure
        ? {
            listener_filters: [tlsInspector],
            filter_chains: listener.chains.map((chain) => ({ ...writeChainTls(chain, files), filters })),
          }
        : { default_filter_chain: { filters } }),
    }),
  };
}

/** The stage of a chain before any filter: what clients may send, and how their connections are kept. */
function writeHttp(
  listener: Listener,
  model: GatewayModel,
  maxBodyBytes: number,
  logs: WrittenLogs,
  settings: EnvoySettings,
): JsonObject {
  const trustedHops = listener.chains[0]?.client.trustedHops;
  return {
    stat_prefix: statisticsPrefix,
    codec_type: "AUTO",
    rds: {
      route_config_name: routesName(listener),
      config_source: fileSource(settings.xdsDirectory, routesFile(listener)),
    },
    early_header_mutation_extensions: [dropInternalHeaders],
    // What a client sends under the gateway's own names was dropped; a request's id is always the gateway's.
    request_id_extension: {
      typed_config: typed("envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig", {
        pack_trace_reason: false,
      }),
    },
    use_remote_address: true,
    ...(trustedHops === undefined ? {} : { xff_num_trusted_hops: trustedHops }),
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: "KEEP_UNCHANGED",
    server_header_transformation: "PASS_THROUGH",
    scheme_header_transformation: { match_upstream: true },
    common_http_protocol_options: { idle_timeout: duration(idleMs) },
    stream_idle_timeout: duration(streamIdleMs),
    http2_protocol_options: {
      max_concurrent_streams: 100,
      initial_stream_window_size: 2 ** 16,
      initial_connection_window_size: 2 ** 20,
    },
    local_reply_config: writeLocalReplies(maxBodyBytes),
    access_log: logs.loggers,
    http_filters: writeFilters(listener, model, maxBodyBytes, logs.facts),
  };
}

const dropInternalHeaders = extension(
  "envoy.http.early_header_mutation.header_mutation",
  "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
  {
    mutations: [
      { remove_on_match: { key_matcher: { prefix: internalPrefix } } },
      { remove: "x-envoy-original-path" },
    ],
  },
);
