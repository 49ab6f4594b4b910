import http2 from "node:http2";

let isLifted = false;

/**
 * Lets HTTP/2 clients of this process reset as many streams as they like.
 *
 * Envoy ends every ext_proc call with a reset (read in Envoy 1.38, 2026-11). `node:http2` takes many of them for an
 * attack and closes the connection, with all requests on it. The options against that are not among those which
 * `@grpc/grpc-js` hands on, so they are put in where it creates its servers.
 */
export function liftResetLimit(): void {
  if (isLifted) return;
  isLifted = true;
  const { createServer } = http2;
  const unlimited = { streamResetBurst: 2 ** 32 - 1, streamResetRate: 2 ** 32 - 1 };
  const createUnlimited = (options?: http2.ServerOptions) => createServer({ ...options, ...unlimited });
  Object.assign(http2, { createServer: createUnlimited });
}
