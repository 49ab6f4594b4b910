import type { UpstreamTls } from "../../../model/backend.ts";
import { extension, type JsonObject } from "./proto.ts";
import type { SecretFiles } from "./secret-files.ts";
import type { EnvoySettings } from "./settings.ts";

/** The transport socket towards an upstream that is spoken to over TLS. `hasAlpn`: HTTP/2 may be agreed upon. */
export function writeUpstreamTls(
  tls: UpstreamTls,
  hasAlpn: boolean,
  files: SecretFiles,
  settings: EnvoySettings,
): JsonObject {
  return extension(
    "envoy.transport_sockets.tls",
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    {
      ...(tls.serverName === undefined ? {} : { sni: tls.serverName }),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: "TLSv1_2", tls_maximum_protocol_version: "TLSv1_3" },
        ...(hasAlpn ? { alpn_protocols: ["h2", "http/1.1"] } : {}),
        ...writeTrust(tls, files, settings),
      },
    },
  );
}

function writeTrust(tls: UpstreamTls, files: SecretFiles, { systemCaFile }: EnvoySettings): JsonObject {
  const { trust } = tls;
  if (trust === "insecure") return {};
  const names = writeNames(tls);
  if (trust === "system") {
    return { validation_context: { trusted_ca: { filename: systemCaFile }, ...names } };
  }
  return {
    combined_validation_context: {
      default_validation_context: names,
      validation_context_sds_secret_config: files.authorities(trust.ca),
    },
  };
}

const sanTypes = { dns: "DNS", ip: "IP_ADDRESS", uri: "URI" } as const;

/** The names that a certificate must carry one of; a DNS name may also be covered by a wildcard. */
function writeNames({ names, serverName }: UpstreamTls): JsonObject {
  const wanted =
    names.length > 0 || serverName === undefined ? names : [{ type: "dns" as const, value: serverName }];
  if (wanted.length === 0) return {};
  return {
    match_typed_subject_alt_names: wanted.map(({ type, value }) => ({
      san_type: sanTypes[type],
      matcher: { exact: value },
    })),
  };
}
