/** The load generator, a process of its own: takes one order after another from its parent. */
import { type Exchange, hammer } from "./client.ts";
import { percentile } from "./statistics.ts";
import { type Kind, path, requestBody } from "./traffic.ts";

export interface Order {
  readonly port: number;
  readonly kind: Kind;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Bytes of a whole request to send instead of a chat's. */
  readonly request?: string;
}

/** Times in milliseconds, of exchanges that began after the warm-up and ended in time. */
export interface Result {
  readonly perSecond: number;
  /** All of them, those of the warm-up and of the last moment too. */
  readonly exchanges: number;
  readonly p50: number;
  readonly p99: number;
  readonly firstByteP50: number;
  readonly firstByteP99: number;
}

async function carryOut({ port, kind, connections, warmUpMs, durationMs, request }: Order): Promise<Result> {
  const bytes = new TextEncoder().encode(request ?? chatRequest(port, kind));
  const beginMs = performance.now() + warmUpMs;
  const endMs = beginMs + durationMs;
  let exchanges = 0;
  const latencies: number[] = [];
  const firstBytes: number[] = [];
  const listen = ({ startedAtMs, firstByteAtMs, endedAtMs }: Exchange): boolean => {
    exchanges++;
    if (startedAtMs >= beginMs && endedAtMs <= endMs) {
      latencies.push(endedAtMs - startedAtMs);
      firstBytes.push(firstByteAtMs - startedAtMs);
    }
    return endedAtMs < endMs;
  };
  await Promise.all(Array.from({ length: connections }, () => hammer(port, bytes, kind !== "chat", listen)));
  latencies.sort((a, b) => a - b);
  firstBytes.sort((a, b) => a - b);
  return {
    perSecond: (latencies.length / durationMs) * 1000,
    exchanges,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    firstByteP50: percentile(firstBytes, 0.5),
    firstByteP99: percentile(firstBytes, 0.99),
  };
}

function chatRequest(port: number, kind: Kind): string {
  const body = requestBody(kind);
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

if (import.meta.main) {
  process.on("message", (order: Order) => {
    carryOut(order).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  process.send?.({ ready: true });
}
