import type { FilterChain, ServerTls } from "../../../model/listener.ts";
import { extension, type JsonObject } from "./proto.ts";
import type { SecretFiles } from "./secret-files.ts";

const versions = { "1.0": "TLSv1_0", "1.1": "TLSv1_1", "1.2": "TLSv1_2", "1.3": "TLSv1_3" } as const;

/** Looks at the name that a client asks for, by which its chain is found. */
export const tlsInspector = extension(
  "envoy.filters.listener.tls_inspector",
  "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
);

/** What makes a chain of a socket one with TLS: whom it is for, and how clients are met. */
export function writeChainTls({ tls }: FilterChain, files: SecretFiles): JsonObject {
  if (tls === undefined) return {};
  const { serverName } = tls;
  return {
    ...(serverName === undefined ? {} : { filter_chain_match: { server_names: [serverName] } }),
    transport_socket: writeServerTls(tls, files),
  };
}

function writeServerTls(tls: ServerTls, files: SecretFiles): JsonObject {
  const { certificates, minVersion, maxVersion, client } = tls;
  return extension(
    "envoy.transport_sockets.tls",
    "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
    {
      common_tls_context: {
        tls_params: {
          tls_minimum_protocol_version: versions[minVersion],
          tls_maximum_protocol_version: versions[maxVersion],
        },
        alpn_protocols: ["h2", "http/1.1"],
        tls_certificate_sds_secret_configs: certificates.map(({ chain, key }) =>
          files.certificate(chain, key),
        ),
        ...(client && { validation_context_sds_secret_config: files.authorities(client.authorities) }),
      },
      ...(client && { require_client_certificate: !client.isOptional }),
      disable_stateless_session_resumption: true,
    },
  );
}
