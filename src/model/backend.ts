import type { Keyed, Part } from "./origin.ts";
import type { SecretRef } from "./values.ts";

/** An upstream: where it is and how it is spoken to. */
export interface Backend extends Keyed {
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint extends Part {
  readonly address: Address;
  /** Name for Host and, without a policy that says otherwise, for TLS; absent where the address is itself a name. */
  readonly hostname?: string;
  readonly tls?: UpstreamTls;
}

export type Address =
  | { readonly type: "dns" | "ip"; readonly host: string; readonly port: number }
  | { readonly type: "unix"; readonly path: string };

export interface UpstreamTls {
  /** `ca`: PEM bundles in addition to none; they replace the system's. */
  readonly trust: "system" | "insecure" | { readonly ca: readonly SecretRef[] };
  /** Names the certificate must carry one of; empty: the server name. */
  readonly names: readonly { readonly type: "dns" | "ip" | "uri"; readonly value: string }[];
  /** SNI; absent for IP addresses. */
  readonly serverName?: string;
}
