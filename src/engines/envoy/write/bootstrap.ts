import type { GatewayModel } from "../../../model/gateway.ts";
import { processorCluster } from "../names.ts";
import { writeMcpCluster } from "./mcp-routes.ts";
import { extension, fileSource, type JsonObject } from "./proto.ts";
import type { EnvoySettings } from "./settings.ts";

const maxConnections = 50_000;
const maxMessageBytes = 50 * 2 ** 20;

/** What Envoy reads once, at its start: where the rest is, its admin address, and the way to the processor. */
export function writeBootstrap({ process }: GatewayModel, settings: EnvoySettings): JsonObject {
  const { xdsDirectory } = settings;
  return {
    admin: { address: adminAddress(process.adminAddress), ignore_global_conn_limit: true },
    dynamic_resources: {
      cds_config: fileSource(xdsDirectory, "cds.json"),
      lds_config: fileSource(xdsDirectory, "lds.json"),
    },
    static_resources: { clusters: [writeProcessorCluster(settings), writeMcpCluster(settings.mcpSocket)] },
    layered_runtime: { layers: [{ name: "aigw", static_layer: runtimeFlags }] },
    overload_manager: {
      resource_monitors: [
        extension(
          "envoy.resource_monitors.global_downstream_max_connections",
          "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
          { max_active_downstream_connections: maxConnections },
        ),
      ],
    },
  };
}

const runtimeFlags = {
  // Without it each ext_proc stream ends with a reset, and a server that sees many takes them for an attack.
  "envoy.reloadable_features.ext_proc_graceful_grpc_close": true,
  // Patterns were compiled, and so judged, when the configuration was read.
  "re2.max_program_size.error_level": 2 ** 32 - 1,
  "re2.max_program_size.warn_level": 1000,
};

/** `host:port`; any free port of this machine where the configuration fixes none. */
function adminAddress(fixed = "127.0.0.1:0"): JsonObject {
  const end = fixed.lastIndexOf(":");
  const address = fixed.slice(0, end).replace(/^\[|\]$/g, "");
  return { socket_address: { address, port_value: Number(fixed.slice(end + 1)) } };
}

function writeProcessorCluster({ processorSocket }: EnvoySettings): JsonObject {
  return {
    name: processorCluster,
    type: "STATIC",
    connect_timeout: "10s",
    per_connection_buffer_limit_bytes: maxMessageBytes,
    // Each request in flight holds one stream, or two: the gateway's own processor is nothing to be protected from.
    circuit_breakers: {
      thresholds: [
        {
          max_connections: 2 ** 32 - 1,
          max_pending_requests: 2 ** 32 - 1,
          max_requests: 2 ** 32 - 1,
          max_retries: 2 ** 32 - 1,
        },
      ],
    },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: {
          http2_protocol_options: {
            initial_stream_window_size: 2 ** 16,
            initial_connection_window_size: 2 ** 20,
          },
        },
      },
    },
    load_assignment: {
      cluster_name: processorCluster,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: processorSocket } } } }] }],
    },
  };
}
