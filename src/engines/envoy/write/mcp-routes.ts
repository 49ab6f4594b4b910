import type { GatewayModel } from "../../../model/gateway.ts";
import type { Listener, VirtualHost } from "../../../model/listener.ts";
import type { McpMount } from "../../../model/mcp.ts";
import { isLoopback } from "../../loopback.ts";
import { mcpCluster, mcpLocalHeader, mcpRouteHeader } from "../names.ts";
import { writePlainFilters } from "./access.ts";
import { writeMatchFacts } from "./matches.ts";
import { type JsonObject, typed } from "./proto.ts";

/** Documents about routes, which are for everybody: where their tokens come from. */
const documentsPrefix = "/.well-known/oauth-";

/**
 * The MCP routes of a host, in front of all others: each leads to this program, which is told by headers which one it is.
 * Streams of theirs may be silent for as long as they like.
 */
export function writeMcpRoutes(host: VirtualHost, listener: Listener, model: GatewayModel): JsonObject[] {
  const mounts = host.mcp ?? [];
  if (mounts.length === 0) return [];
  const isLocal = isLoopback(listener.address);
  const routes = mounts.flatMap((mount) => writeMount(mount, isLocal, model));
  const keys = mounts.map(({ route }) => route);
  return [...routes, { match: { prefix: documentsPrefix }, ...leadToMcp(keys, isLocal) }];
}

function writeMount(mount: McpMount, isLocal: boolean, model: GatewayModel): JsonObject[] {
  const route = model.mcpRoutes[mount.route];
  if (route === undefined) return [];
  const match = {
    ...mount,
    rule: mount.route,
    path: { type: "exact", value: route.path },
    model: [],
  } as const;
  return [
    {
      name: mount.name,
      match: writeMatchFacts(match),
      ...writePlainFilters(match, { key: mount.route }, model),
      ...leadToMcp([mount.route], isLocal),
    },
  ];
}

function leadToMcp(keys: readonly string[], isLocal: boolean): JsonObject {
  const header = (key: string, value: string) => ({
    header: { key, value },
    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
  });
  return {
    route: { cluster: mcpCluster, timeout: "0s", idle_timeout: "0s" },
    request_headers_to_add: [
      header(mcpRouteHeader, keys.join(",")),
      ...(isLocal ? [header(mcpLocalHeader, "1")] : []),
    ],
  };
}

/** The way to this program's own MCP endpoint. */
export function writeMcpCluster(socket: string): JsonObject {
  return {
    name: mcpCluster,
    type: "STATIC",
    connect_timeout: "10s",
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        { explicit_http_config: { http_protocol_options: {} } },
      ),
    },
    load_assignment: {
      cluster_name: mcpCluster,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
    },
  };
}
