import { Buffer } from "node:buffer";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { readHealthCheckResponse, servingStatus, servingStatusNames } from "../codec/health.ts";

/** Asks a server for its health. `undefined` if it serves, else why not. `target` as gRPC names it. */
export async function checkHealth(target: string, timeoutMs: number): Promise<string | undefined> {
  const session = target.startsWith("unix:")
    ? connect("http://localhost", { createConnection: () => connectSocket(target.slice("unix:".length)) })
    : connect(`http://${target}`);
  try {
    const status = await check(session, timeoutMs);
    if (status === servingStatus.serving) return undefined;
    return `unhealthy status: ${servingStatusNames[status] ?? status}`;
  } catch (error) {
    return `health check RPC failed: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    session.destroy();
  }
}

/** A message without members, not compressed. */
const emptyMessage = Buffer.alloc(5);

function check(session: ClientHttp2Session, timeoutMs: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  session.on("error", reject);
  const stream = session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Check",
    "content-type": "application/grpc",
    te: "trailers",
  });
  const pieces: Buffer[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  stream.on("error", reject);
  stream.on("end", () =>
    resolve(readHealthCheckResponse(Buffer.concat(pieces).subarray(emptyMessage.length))),
  );
  stream.end(emptyMessage);
  return promise.finally(() => clearTimeout(timer));
}
