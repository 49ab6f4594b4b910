import type { JsonLogsSerializer } from "@opentelemetry/otlp-transformer";
import type { Logger } from "../logger.ts";
import { ExportQueue, type SendResult } from "../otel/export-queue.ts";
import type { SendRequest } from "../otel/http-transport.ts";
import { createOtlpExporter, createTransport } from "../otel/otlp-exporter.ts";
import { type OtlpSettings, readOtlpSettings } from "../otel/otlp-settings.ts";
import type { Environment } from "../otel/variables.ts";

export type LogRecords = Parameters<typeof JsonLogsSerializer.serializeRequest>[0];
export type LogRecord = LogRecords[number];

export interface OtlpLogsOptions {
  readonly environment: Environment;
  readonly log: Logger;
  readonly sendRequest: SendRequest;
}

interface Queues {
  readonly records: ExportQueue<LogRecord>;
  /** Whole requests that somebody else has made. */
  readonly requests: ExportQueue<Uint8Array>;
  close(): void;
}

/** The collectors of access logs, one for each address, however many logs and reloads name it. */
export class OtlpLogs {
  readonly #options: OtlpLogsOptions;
  readonly #byAddress = new Map<string, Queues>();

  constructor(options: OtlpLogsOptions) {
    this.#options = options;
  }

  /** Takes records for the collector at `host:port`. */
  sinkOf(address: string): (record: LogRecord) => void {
    const { records } = this.#queues(address);
    return (record) => records.push(record);
  }

  /** Hands on what Envoy has put together. */
  readonly forward = (address: string, request: Uint8Array): void => {
    this.#queues(address).requests.push(request);
  };

  async flush(): Promise<void> {
    await this.#each(({ records, requests }) => Promise.all([records.flush(), requests.flush()]));
  }

  async close(limitMs: number): Promise<void> {
    await this.#each(({ records, requests }) =>
      Promise.all([records.close(limitMs), requests.close(limitMs)]),
    );
    for (const queues of this.#byAddress.values()) queues.close();
  }

  async #each(act: (queues: Queues) => Promise<unknown>): Promise<void> {
    await Promise.all([...this.#byAddress.values()].map(act));
  }

  #queues(address: string): Queues {
    let queues = this.#byAddress.get(address);
    if (queues === undefined) {
      queues = this.#open(settingsFor(address, this.#options.environment));
      this.#byAddress.set(address, queues);
    }
    return queues;
  }

  /** What is heavy is loaded when the first record is to be sent. */
  #open(settings: OtlpSettings): Queues {
    const { log, sendRequest } = this.#options;
    const exporter = later(async () => {
      const { JsonLogsSerializer, ProtobufLogsSerializer } = await import("@opentelemetry/otlp-transformer");
      const serializers = { protobuf: ProtobufLogsSerializer, json: JsonLogsSerializer };
      return createOtlpExporter<LogRecords>(settings, serializers, sendRequest);
    });
    // Envoy writes protobuf, and who takes JSON takes that as well.
    const binary =
      settings.protocol === "http/json" ? { ...settings, protocol: "http/protobuf" as const } : settings;
    const transport = later(() => createTransport(binary, sendRequest));
    const common = { name: "access log records", log, delayMs: 1000, maxItems: 2048 };
    return {
      records: new ExportQueue({
        ...common,
        maxBatchItems: 512,
        sizeOf: sizeOfRecord,
        send: async (batch, signal) => (await exporter.get()).send([...batch], signal),
      }),
      requests: new ExportQueue({
        ...common,
        delayMs: 0,
        maxBatchItems: 1,
        sizeOf: ({ length }) => length,
        send: async ([request = new Uint8Array(0)], signal) =>
          (await transport.get()).send(request, signal, taken),
      }),
      close() {
        exporter.made?.then((made) => made.close(), ignore);
        transport.made?.then((made) => made.close(), ignore);
      },
    };
  }
}

const taken = (): SendResult => ({ type: "sent", lost: 0 });

function ignore(): void {}

/** Made when it is first asked for. */
function later<T>(make: () => Promise<T>): { get(): Promise<T>; readonly made: Promise<T> | undefined } {
  let made: Promise<T> | undefined;
  return {
    get() {
      made ??= make();
      return made;
    },
    get made() {
      return made;
    },
  };
}

/** The environment says how to speak to its own collector; any other one is spoken to by gRPC, without TLS. */
function settingsFor(address: string, environment: Environment): OtlpSettings {
  const settings = readOtlpSettings(environment, "logs");
  const { protocol, hostname, port } = new URL(settings.url);
  const own = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  if (own === address) return settings;
  return {
    signal: "logs",
    protocol: "grpc",
    url: `http://${address}`,
    headers: {},
    timeoutMs: settings.timeoutMs,
    isGzipped: false,
    tls: undefined,
  };
}

function sizeOfRecord({ attributes, body }: LogRecord): number {
  let size = 256 + (typeof body === "string" ? body.length : 0);
  for (const name in attributes) size += name.length + String(attributes[name] ?? "").length;
  return size;
}
