/** An OTLP collector for tests: HTTP and gRPC, read by OpenTelemetry's own message definitions, as slow and as ill-natured as told. */
import { gunzipSync } from "node:zlib";
import { status as grpcStatus, type Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import root from "@opentelemetry/otlp-proto-exporter-base/build/src/generated/root";

/** The part of protobufjs's types that is used. */
interface MessageType {
  decode(bytes: Uint8Array): object;
  verify(message: object): string | null;
  toObject(message: object, options: object): object;
}

export type Signal = "traces" | "metrics" | "logs";

const requests: { readonly [S in Signal]: string } = {
  traces: "trace.v1.ExportTraceServiceRequest",
  metrics: "metrics.v1.ExportMetricsServiceRequest",
  logs: "logs.v1.ExportLogsServiceRequest",
};

/** Static code that protobufjs made of the definitions, found by name. */
function typeOf(signal: Signal): MessageType {
  const path = `opentelemetry.proto.collector.${requests[signal]}`.split(".");
  return path.reduce((at: unknown, name) => (at as Record<string, unknown>)[name], root) as MessageType;
}

const grpcMethods: { readonly [path: string]: Signal } = {
  "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces",
  "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": "metrics",
  "/opentelemetry.proto.collector.logs.v1.LogsService/Export": "logs",
};

/** How an export is answered; without one it is taken. */
export interface Reply {
  readonly status?: number;
  readonly retryAfter?: string;
  /** What is waited for first. */
  readonly after?: Promise<unknown>;
}

export interface Export {
  readonly signal: Signal;
  readonly path: string;
  readonly headers: Headers;
  /** Decompressed. */
  readonly bytes: Uint8Array;
  readonly at: number;
  /** Read by the definitions; `undefined` where it was not taken. */
  readonly message: Message | undefined;
}

/** Any message, with 64-bit numbers as texts and bytes in base64. */
export interface Message {
  readonly [member: string]: unknown;
}

export interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly attributes: { readonly [key: string]: unknown };
}

export interface LogRecord {
  readonly body: unknown;
  readonly attributes: { readonly [key: string]: unknown };
  readonly resource: { readonly [key: string]: unknown };
}

export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly exports: Export[];
  /** Replies to the next exports, in order. */
  readonly replies: Reply[];
  spans(): Span[];
  metricNames(): string[];
  logRecords(): LogRecord[];
  /** Everything that ever arrived, as text. */
  text(): string;
}

interface Received {
  readonly signal: Signal;
  readonly path: string;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly isJson: boolean;
}

/** Listens on a free port, or on a given one. */
export async function startCollector(kind: "http" | "grpc", port = 0): Promise<Collector> {
  const exports: Export[] = [];
  const replies: Reply[] = [];
  const receive = async ({ isJson, ...received }: Received): Promise<Reply> => {
    const reply = replies.shift() ?? {};
    const isTaken = reply.status === undefined;
    const message = isTaken ? decode(received.signal, received.bytes, isJson) : undefined;
    exports.push({ ...received, at: performance.now(), message });
    await reply.after;
    return reply;
  };
  const server = kind === "http" ? serveHttp(receive, port) : await serveGrpc(receive, port);
  return {
    url: `http://127.0.0.1:${server.port}`,
    exports,
    replies,
    spans: () => exports.flatMap(({ message }) => readSpans(message)),
    metricNames: () => [...new Set(exports.flatMap(({ message }) => readMetricNames(message)))].sort(),
    logRecords: () => exports.flatMap(({ message }) => readLogRecords(message)),
    text: () => exports.map(({ bytes }) => new TextDecoder().decode(bytes)).join("\n"),
    [Symbol.asyncDispose]: server.stop,
  };
}

type Receive = (received: Received) => Promise<Reply>;

interface Listening {
  readonly port: number;
  stop(): Promise<void>;
}

function serveHttp(receive: Receive, port: number): Listening {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port,
    idleTimeout: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      const raw = new Uint8Array(await request.arrayBuffer());
      const { headers } = request;
      const isJson = headers.get("content-type") === "application/json";
      if (!isJson && headers.get("content-type") !== "application/x-protobuf")
        return new Response(null, { status: 415 });
      const bytes = headers.get("content-encoding") === "gzip" ? new Uint8Array(gunzipSync(raw)) : raw;
      const signal = (["traces", "metrics", "logs"] as const).find((one) => path.endsWith(`/v1/${one}`));
      if (signal === undefined) return new Response(null, { status: 404 });
      const { status = 200, retryAfter } = await receive({ signal, path, headers, bytes, isJson });
      const answerHeaders: Record<string, string> =
        retryAfter === undefined ? {} : { "retry-after": retryAfter };
      return new Response(isJson ? "{}" : null, { status, headers: answerHeaders });
    },
  });
  return { port: server.port ?? 0, stop: () => server.stop(true) };
}

async function serveGrpc(receive: Receive, port: number): Promise<Listening> {
  const server = new Server();
  const definition = (path: string) => ({
    path,
    requestStream: false as const,
    responseStream: false as const,
    requestDeserialize: (bytes: Buffer) => bytes,
    requestSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
  });
  for (const [path, signal] of Object.entries(grpcMethods)) {
    const method = "Export";
    server.addService(
      { [method]: definition(path) },
      {
        [method](
          call: { request: Buffer; metadata: Metadata },
          callback: (error: object | null, value?: Buffer) => void,
        ) {
          const headers = new Headers(
            Object.entries(call.metadata.getMap()).map(([name, value]): [string, string] => [
              name,
              String(value),
            ]),
          );
          const bytes = new Uint8Array(call.request);
          void receive({ signal, path, headers, bytes, isJson: false }).then(({ status }) =>
            status === undefined
              ? callback(null, Buffer.alloc(0))
              : callback({ code: status, details: "as told" }),
          );
        },
      },
    );
  }
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    );
  });
  return {
    port: bound,
    stop: async () => server.forceShutdown(),
  };
}

export { grpcStatus };

/** Throws for bytes that are no such message. */
function decode(signal: Signal, bytes: Uint8Array, isJson: boolean): Message {
  if (isJson) return JSON.parse(new TextDecoder().decode(bytes)) as Message;
  const type = typeOf(signal);
  const message = type.decode(bytes);
  const problem = type.verify(message);
  if (problem !== null) throw new Error(problem);
  return type.toObject(message, { longs: String, bytes: String, enums: String }) as Message;
}

function list(message: unknown, name: string): Message[] {
  const value = (message as Message | undefined)?.[name];
  return Array.isArray(value) ? (value as Message[]) : [];
}

function readSpans(message: Message | undefined): Span[] {
  return list(message, "resourceSpans")
    .flatMap((resource) => list(resource, "scopeSpans"))
    .flatMap((scope) => list(scope, "spans"))
    .map((span) => ({
      name: String(span["name"]),
      traceId: String(span["traceId"]),
      attributes: attributesOf(span),
    }));
}

function attributesOf(message: unknown): { readonly [key: string]: unknown } {
  return Object.fromEntries(list(message, "attributes").map(({ key, value }) => [key, plainOf(value)]));
}

function readLogRecords(message: Message | undefined): LogRecord[] {
  return list(message, "resourceLogs").flatMap((group) =>
    list(group, "scopeLogs")
      .flatMap((scope) => list(scope, "logRecords"))
      .map((record) => ({
        body: plainOf(record["body"]),
        attributes: attributesOf(record),
        resource: attributesOf(group["resource"]),
      })),
  );
}

function plainOf(value: unknown): unknown {
  const [kind, inner] = Object.entries((value ?? {}) as Message)[0] ?? [];
  if (kind === "arrayValue") return list(inner, "values").map(plainOf);
  return kind === "intValue" ? Number(inner) : inner;
}

function readMetricNames(message: Message | undefined): string[] {
  return list(message, "resourceMetrics")
    .flatMap((resource) => list(resource, "scopeMetrics"))
    .flatMap((scope) => list(scope, "metrics"))
    .map(({ name }) => String(name));
}
