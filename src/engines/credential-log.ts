import type { CredentialLog, TokenRequest } from "../credentials/index.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Logger } from "../telemetry/logger.ts";

/** How long the same complaint of the same credential is not said again. */
const quietMs = 30_000;

/** Each failure of a credential is a line in the log, but a source that stays broken is not one for each request. */
export function createCredentialLog(log: Logger): CredentialLog {
  const said = new Map<string, { reason: string; atMs: number }>();
  return {
    obtained(credential, fields) {
      said.delete(credential);
      log.info("credential obtained", { credential, ...fields });
    },
    failed(credential, reason) {
      const last = said.get(credential);
      const now = performance.now();
      if (last?.reason === reason && now - last.atMs < quietMs) return;
      said.set(credential, { reason, atMs: now });
      log.warn("credential not available", { credential, reason });
    },
  };
}

/** Tokens are fetched the way requests go out, so that proxies and certificates are the same for both. */
export function fetchToken(runtime: Runtime, url: string, request: TokenRequest): Promise<Response> {
  const { method, headers, body, signal, proxy } = request;
  return runtime.fetch(url, {
    method,
    headers: new Headers(headers),
    body: body === undefined ? undefined : new TextEncoder().encode(body),
    signal,
    unix: undefined,
    tls: undefined,
    proxy,
  });
}
