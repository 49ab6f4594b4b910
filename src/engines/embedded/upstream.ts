import type { Backend, Endpoint, UpstreamTls } from "../../model/backend.ts";
import type { Key, Table } from "../../model/origin.ts";
import type { Secrets } from "../../model/values.ts";
import type { UpstreamTlsOptions } from "../../runtime/runtime.ts";

/** One place a request can be sent to. */
export interface UpstreamEndpoint {
  /** Scheme, host and port; a path is put behind it. */
  readonly origin: string;
  /** `host:port`, or the socket's path. */
  readonly name: string;
  /** What the upstream is called, for signing; absent where only an IP address is known. */
  readonly hostName: string | undefined;
  /** Sent as Host where it differs from the origin's. */
  readonly hostHeader: string | undefined;
  readonly unix: string | undefined;
  readonly tls: UpstreamTlsOptions | undefined;
}

/** The endpoints of a model's backends, by key. */
export type Endpoints = ReadonlyMap<Key, readonly UpstreamEndpoint[]>;

export function prepareUpstreams(backends: Table<Backend>, secrets: Secrets): Endpoints {
  return new Map(Object.values(backends).map((backend) => [backend.key, prepareEndpoints(backend, secrets)]));
}

function prepareEndpoints(backend: Backend, secrets: Secrets): readonly UpstreamEndpoint[] {
  return backend.endpoints.map((endpoint) => prepareEndpoint(endpoint, secrets));
}

function prepareEndpoint(endpoint: Endpoint, secrets: Secrets): UpstreamEndpoint {
  const { address, hostname } = endpoint;
  const tls = endpoint.tls === undefined ? undefined : prepareTls(endpoint.tls, secrets);
  const scheme = tls === undefined ? "http" : "https";
  if (address.type === "unix") {
    const host = hostname ?? "localhost";
    return {
      origin: `${scheme}://${host}`,
      name: address.path,
      hostName: hostname,
      hostHeader: undefined,
      unix: address.path,
      tls,
    };
  }
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return {
    origin: `${scheme}://${host}:${address.port}`,
    name: `${host}:${address.port}`,
    hostName: hostname ?? (address.type === "dns" ? address.host : undefined),
    hostHeader: hostname,
    unix: undefined,
    tls,
  };
}

function prepareTls(tls: UpstreamTls, secrets: Secrets): UpstreamTlsOptions {
  const { trust } = tls;
  const ca = typeof trust === "string" ? undefined : trust.ca.flatMap((ref) => secrets.value(ref) ?? []);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    ...(tls.names.length === 0 ? {} : { names: tls.names }),
    isInsecure: trust === "insecure",
  };
}
