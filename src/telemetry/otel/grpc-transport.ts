import { Buffer } from "node:buffer";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { SendResult } from "./export-queue.ts";
import type { OtlpSettings, Signal } from "./otlp-settings.ts";
import { readRetryDelayMs } from "./retry-info.ts";
import type { Transport } from "./transport.ts";

const methods: { readonly [S in Signal]: string } = {
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};

const retryable = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);
const gzipAlgorithm = 2;

/** OTLP over gRPC. https://opentelemetry.io/docs/specs/otlp/#otlpgrpc, read 2026-11 */
export function createGrpcTransport(settings: OtlpSettings): Transport {
  const { signal: kind, url, headers, timeoutMs, isGzipped } = settings;
  const client = new Client(new URL(url).host, credentialsOf(settings), {
    "grpc.default_compression_algorithm": isGzipped ? gzipAlgorithm : 0,
    // A collector that comes back is found soon.
    "grpc.initial_reconnect_backoff_ms": 1000,
    "grpc.max_reconnect_backoff_ms": 10_000,
  });
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    send: (bytes, signal, readAnswer) =>
      new Promise((resolve) => {
        const call = client.makeUnaryRequest(
          methods[kind],
          asBuffer,
          (body) => body,
          bytes,
          metadata,
          { deadline: Date.now() + timeoutMs },
          (error, body) => {
            signal.removeEventListener("abort", cancel);
            resolve(error === null ? readAnswer(body ?? new Uint8Array(0)) : explain(error, url));
          },
        );
        const cancel = () => call.cancel();
        signal.addEventListener("abort", cancel, { once: true });
      }),
    close: () => client.close(),
  };
}

function credentialsOf({ url, tls }: OtlpSettings) {
  if (new URL(url).protocol === "http:") return credentials.createInsecure();
  const bytes = (pem: string | undefined) => (pem === undefined ? null : Buffer.from(pem));
  return credentials.createSsl(bytes(tls?.ca), bytes(tls?.key), bytes(tls?.cert));
}

function explain({ code, metadata }: ServiceError, url: string): SendResult {
  // The details may quote what was sent, so only the code is told.
  const reason = `${new URL(url).host}: ${status[code] ?? code}`;
  const afterMs = readRetryDelayMs(metadata.get("grpc-status-details-bin")[0]);
  const isRetryable = retryable.has(code) || (code === status.RESOURCE_EXHAUSTED && afterMs !== undefined);
  return isRetryable ? { type: "later", reason, afterMs } : { type: "refused", reason };
}
