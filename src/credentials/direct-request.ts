import { request } from "node:http";
import type { TokenRequest } from "./world.ts";

/**
 * For the metadata services of a machine: plain HTTP to an address of this link, never through a proxy, which `fetch`
 * would use where the environment names one.
 */
export function requestDirectly(
  url: string,
  { method, headers, body, signal }: TokenRequest,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: { ...headers }, signal }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const answered = new Headers();
        for (const [name, value] of Object.entries(incoming.headers)) {
          if (value !== undefined) answered.set(name, String(value));
        }
        const status = incoming.statusCode ?? 502;
        const isEmpty = status === 204 || status === 304;
        resolve(new Response(isEmpty ? null : Buffer.concat(pieces), { status, headers: answered }));
      });
    });
    outgoing.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    outgoing.end(body);
  });
}
