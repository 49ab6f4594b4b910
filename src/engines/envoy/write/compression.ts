import type { GatewayModel } from "../../../model/gateway.ts";
import type { Rule } from "../../../model/route.ts";
import type { Encoding } from "../../../model/traffic.ts";
import { extension, type JsonObject, typed } from "./proto.ts";

const compressorType = "envoy.extensions.filters.http.compressor.v3";
const filterOf = (encoding: Encoding) => `envoy.filters.http.compressor/${encoding}`;

const libraries = {
  gzip: "envoy.extensions.compression.gzip.compressor.v3.Gzip",
  br: "envoy.extensions.compression.brotli.compressor.v3.Brotli",
  zstd: "envoy.extensions.compression.zstd.compressor.v3.Zstd",
} as const;

/** A filter for each encoding that some rule offers, switched on by the routes of such rules. */
export function writeCompressors({ rules }: GatewayModel): JsonObject[] {
  const encodings = new Set(Object.values(rules).flatMap(({ compression = [] }) => compression));
  return [...encodings].map((encoding) =>
    extension(filterOf(encoding), `${compressorType}.Compressor`, {
      response_direction_config: {
        common_config: { enabled: { default_value: false, runtime_key: "aigw.compression" } },
      },
      compressor_library: extension(encoding, libraries[encoding]),
    }),
  );
}

export function writeCompression({ compression = [] }: Pick<Rule, "compression">): JsonObject {
  const override = typed(`${compressorType}.CompressorPerRoute`, {
    overrides: { response_direction_config: {} },
  });
  return Object.fromEntries(compression.map((encoding) => [filterOf(encoding), override]));
}
