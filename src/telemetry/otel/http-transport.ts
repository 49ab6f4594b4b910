import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { SendResult } from "./export-queue.ts";
import type { OtlpSettings, OtlpTls } from "./otlp-settings.ts";
import type { Transport } from "./transport.ts";

/** How requests leave this process, as the runtime's `fetch` has it. */
export type SendRequest = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: { readonly [name: string]: string };
    readonly body: Uint8Array;
    readonly signal: AbortSignal;
    readonly unix: undefined;
    readonly tls: RequestTls | undefined;
  },
) => Promise<Response>;

interface RequestTls {
  readonly ca?: readonly string[];
  readonly key?: string;
  readonly cert?: string;
}

const compress = promisify(gzip);
/** What the protocol says may be tried again. */
const retryable = new Set([429, 502, 503, 504]);

/** OTLP over HTTP. https://opentelemetry.io/docs/specs/otlp/#otlphttp, read 2026-11 */
export function createHttpTransport(
  { url, headers, timeoutMs, isGzipped, protocol, tls: pem }: OtlpSettings,
  sendRequest: SendRequest,
): Transport {
  const allHeaders: { readonly [name: string]: string } = {
    ...headers,
    "content-type": protocol === "http/json" ? "application/json" : "application/x-protobuf",
    ...(isGzipped && { "content-encoding": "gzip" }),
  };
  const tls = pem === undefined ? undefined : tlsOf(pem);
  const post = async (bytes: Uint8Array, signal: AbortSignal) => {
    const response = await sendRequest(url, {
      method: "POST",
      headers: allHeaders,
      body: isGzipped ? await compress(bytes) : bytes,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      unix: undefined,
      tls,
    });
    return { response, body: new Uint8Array(await response.arrayBuffer()) };
  };
  return {
    async send(bytes, signal, readAnswer) {
      try {
        const { response, body } = await post(bytes, signal);
        return response.ok ? readAnswer(body) : explain(response);
      } catch (error) {
        return { type: "later", reason: describe(error, url), afterMs: undefined };
      }
    },
    close() {},
  };
}

function tlsOf({ ca, cert, key }: OtlpTls): RequestTls {
  return {
    ...(ca !== undefined && { ca: [ca] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

function explain({ status, headers }: Response): SendResult {
  // The answer's words may quote what was sent, so only the status is told.
  const reason = `the collector answered ${status}${status === 404 ? ", is the path right?" : ""}`;
  if (!retryable.has(status)) return { type: "refused", reason };
  return { type: "later", reason, afterMs: readRetryAfter(headers.get("retry-after")) };
}

/** Seconds, or a date. */
function readRetryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

function describe(error: unknown, url: string): string {
  const { host } = new URL(url);
  return `${host}: ${error instanceof Error ? error.message : String(error)}`;
}
