import { Buffer } from "node:buffer";
import { readHealthCheckResponse, servingStatus, servingStatusNames } from "../codec/health.ts";

/** Asks a server for its health. `undefined` if it serves, else why not. */
export async function checkHealth(target: string, timeoutMs: number): Promise<string | undefined> {
  const grpc = await import("@grpc/grpc-js");
  const client = new grpc.Client(target, grpc.credentials.createInsecure());
  try {
    const status = await new Promise<number>((resolve, reject) => {
      client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        (bytes: Buffer) => bytes,
        readHealthCheckResponse,
        Buffer.alloc(0),
        { deadline: Date.now() + timeoutMs },
        (error, answer) => (error === null ? resolve(answer ?? 0) : reject(error)),
      );
    });
    if (status === servingStatus.serving) return undefined;
    return `unhealthy status: ${servingStatusNames[status] ?? status}`;
  } catch (error) {
    return `health check RPC failed: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    client.close();
  }
}
