import type { HeaderAttribute } from "../../../policy/header-attributes.ts";
import type { Addresses } from "../name-watch.ts";

/** What Envoy's configuration says beside the model: places, and what the environment asks of logs. */
export interface EnvoySettings {
  /** Envoy watches it. Absolute. */
  readonly xdsDirectory: string;
  readonly processorSocket: string;
  /** Of this program's MCP endpoint. */
  readonly mcpSocket: string;
  /** Files that stand for `/dev/stdout` and `/dev/stderr` of access logs. */
  readonly stdoutLog: string;
  readonly stderrLog: string;
  /** PEM bundle of the certificate authorities that this machine trusts. */
  readonly systemCaFile: string;
  /** Of `namesToLookUp`. */
  readonly addresses: Addresses;
  /** Request headers that access logs know by another name. */
  readonly logAttributes: readonly HeaderAttribute[];
  /** What records for collectors say of this process. */
  readonly logResource: ReadonlyMap<string, string>;
}
