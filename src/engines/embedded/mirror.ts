import type { Runtime } from "../../runtime/runtime.ts";
import type { PlainMessage } from "./carried.ts";
import type { InFlight } from "./in-flight.ts";
import type { PreparedMirror } from "./prepare-plain.ts";

/** What a copy may take; nobody waits for it. */
const limitMs = 15_000;

/** Sends copies of a request; what becomes of them is nobody's business. A body that passes as a stream has none. */
export function mirror(
  { request }: InFlight,
  mirrors: readonly PreparedMirror[],
  message: PlainMessage,
  runtime: Runtime,
): void {
  if (message.body instanceof ReadableStream) return;
  for (const { endpoints, percent } of mirrors) {
    if (Math.random() * 100 >= percent) continue;
    const endpoint = endpoints[Math.floor(Math.random() * endpoints.length)];
    if (endpoint === undefined) continue;
    const host = message.headers["host"];
    void runtime
      .fetch(endpoint.origin + message.path, {
        method: request.method,
        // As Envoy marks copies, so that their receiver can tell.
        headers: host === undefined ? message.headers : { ...message.headers, host: shadowed(host) },
        body: message.body,
        signal: AbortSignal.timeout(limitMs),
        unix: endpoint.unix,
        tls: endpoint.tls,
      })
      .then((response) => response.body?.cancel())
      .catch(() => {});
  }
}

/** `name-shadow:port` */
function shadowed(host: string): string {
  return host.replace(/(:\d+)?$/, "-shadow$1");
}
