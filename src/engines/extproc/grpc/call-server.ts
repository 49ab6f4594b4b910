import { chmodSync, lstatSync, rmSync } from "node:fs";
import { createServer, type ListenOptions, type Server } from "node:net";
import { grpcStatus, type ServeCall } from "../call.ts";
import { Connection } from "../http2/connection.ts";
import { acceptCalls, type OpenCalls } from "./accept-calls.ts";
import { type GrpcAddress, grpcTarget, joinHostPort } from "./address.ts";
import { healthMethods, logsMethods, type TakeLogs } from "./services.ts";

export interface CallServerOptions {
  readonly address: GrpcAddress;
  /** Largest message that is taken; without it there is no limit. */
  readonly maxReceiveBytes?: number | undefined;
  readonly serve: ServeCall;
  /** What health checks are told. */
  isServing(): boolean;
  /** Takes the records of Envoy's access logs for the collector at `address`; absent where there is none. */
  readonly takeLogs?: TakeLogs | undefined;
}

export interface CallServer {
  /** With the port that was bound. */
  readonly address: GrpcAddress;
  /** As a gRPC client names it. */
  readonly target: string;
  /** No new calls; those that are open may finish for `graceMs`, then they are cut. */
  stop(graceMs: number): Promise<void>;
}

/** `message` names the address and says what to do. */
export class CallServerFailure extends Error {
  override readonly name = "CallServerFailure";
}

/** Envoy's user is another than ours, but of the same group. */
const socketMode = 0o775;

/** Serves calls and health checks, without TLS. Throws `CallServerFailure` where the address cannot be had. */
export async function startCallServer(options: CallServerOptions): Promise<CallServer> {
  const { maxReceiveBytes = Number.POSITIVE_INFINITY, serve } = options;
  const unary = { ...healthMethods(options.isServing), ...logsMethods(options.takeLogs) };
  const open: OpenCalls = new Set();
  const connections = new Set<Connection>();
  const accept = acceptCalls({ maxReceiveBytes, serve, unary }, open);
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(socket, accept, () => connections.delete(connection));
    connections.add(connection);
  });
  const address = await bind(server, options.address);
  return {
    address,
    target: grpcTarget(address),
    async stop(graceMs) {
      await shutDown(server, connections, open, graceMs);
      if (address.type === "unix") rmSync(address.path, { force: true });
    },
  };
}

async function bind(server: Server, address: GrpcAddress): Promise<GrpcAddress> {
  const listen = (where: ListenOptions) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(where, () => {
        server.off("error", reject);
        const bound = server.address();
        resolve(typeof bound === "object" && bound !== null ? bound.port : 0);
      });
    });
  if (address.type === "unix") {
    await listenOnSocket(address.path, listen);
    return address;
  }
  const { host, port } = address;
  try {
    return { ...address, port: await listen({ host: host === "" ? "::" : host, port }) };
  } catch (error) {
    if (host !== "" || /EADDRINUSE|EACCES/.test(String(error))) throw explain(address, error);
  }
  // A machine without IPv6 cannot bind "all interfaces" of both families at once.
  try {
    return { ...address, port: await listen({ host: "0.0.0.0", port }) };
  } catch (error) {
    throw explain(address, error);
  }
}

/** A socket that is left of an earlier process is in the way; anything else at that path is not ours to remove. */
async function listenOnSocket(
  path: string,
  listen: (where: ListenOptions) => Promise<unknown>,
): Promise<void> {
  const address: GrpcAddress = { type: "unix", path };
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isSocket()) {
    throw new CallServerFailure(`cannot listen on ${path}: there is a file of that name, which is no socket`);
  }
  try {
    if (found !== undefined) rmSync(path);
    await listen({ path });
    chmodSync(path, socketMode);
  } catch (error) {
    throw explain(address, error);
  }
}

function explain(address: GrpcAddress, error: unknown): CallServerFailure {
  const reason = error instanceof Error ? error.message : String(error);
  const where = address.type === "unix" ? address.path : joinHostPort(address.host, address.port);
  const words = /EADDRINUSE/.test(reason)
    ? "address already in use"
    : /EACCES|EPERM/.test(reason)
      ? "permission denied"
      : reason;
  return new CallServerFailure(`cannot listen on ${where}: ${words}`, { cause: error });
}

function shutDown(
  server: Server,
  connections: ReadonlySet<Connection>,
  open: OpenCalls,
  graceMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const finish of [...open]) finish(grpcStatus.unavailable, "the processor is shutting down");
      // What they were told is on its way first.
      setTimeout(() => {
        for (const connection of [...connections]) connection.destroy();
      }, 0);
    }, graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    for (const connection of [...connections]) connection.drain();
  });
}
