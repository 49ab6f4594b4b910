/** Where a gRPC server listens. */
export type GrpcAddress =
  | { readonly type: "unix"; readonly path: string }
  /** `host` is empty for all interfaces. */
  | { readonly type: "tcp"; readonly host: string; readonly port: number };

/** Reads `unix://PATH`, `HOST:PORT` or `:PORT`. Throws an `Error` that quotes what it cannot read. */
export function readGrpcAddress(text: string): GrpcAddress {
  if (text.startsWith("unix:")) {
    const path = text.replace(/^unix:(?:\/\/)?/, "");
    if (path === "") throw new Error(`${JSON.stringify(text)} has no path; write unix:///path/to/socket`);
    return { type: "unix", path };
  }
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(text) ?? [];
  if (port === "" || Number(port) > 65_535) {
    throw new Error(
      `${JSON.stringify(text)} is no address; write host:port, :port or unix:///path/to/socket`,
    );
  }
  return { type: "tcp", host: bracketed ?? plain ?? "", port: Number(port) };
}

/** As gRPC libraries name it; for a server that is reached, not one that listens. */
export function grpcTarget(address: GrpcAddress): string {
  if (address.type === "unix") return `unix:${address.path}`;
  const host = address.host === "" || address.host === "0.0.0.0" ? "127.0.0.1" : address.host;
  return joinHostPort(host, address.port);
}

export function joinHostPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
