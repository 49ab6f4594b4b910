import type { ISerializer } from "@opentelemetry/otlp-transformer";
import type { SendResult } from "./export-queue.ts";
import { createHttpTransport, type SendRequest } from "./http-transport.ts";
import type { OtlpSettings } from "./otlp-settings.ts";
import type { Transport } from "./transport.ts";

/** OpenTelemetry's serialisers of one signal. `Internal` is what one batch is. */
export interface Serializers<Internal> {
  readonly protobuf: ISerializer<Internal, Answer>;
  readonly json: ISerializer<Internal, Answer>;
}

interface Answer {
  readonly partialSuccess?: {
    readonly errorMessage?: string;
    readonly rejectedSpans?: number;
    readonly rejectedDataPoints?: number;
    readonly rejectedLogRecords?: number;
  };
}

/** Hands batches of one signal to a collector. */
export interface OtlpExporter<Internal> {
  send(batch: Internal, signal: AbortSignal): Promise<SendResult>;
  close(): void;
}

export async function createOtlpExporter<Internal>(
  settings: OtlpSettings,
  serializers: Serializers<Internal>,
  sendRequest: SendRequest,
): Promise<OtlpExporter<Internal>> {
  const transport = await createTransport(settings, sendRequest);
  const serializer = settings.protocol === "http/json" ? serializers.json : serializers.protobuf;
  const readAnswer = (body: Uint8Array) => readPartialSuccess(serializer, body);
  return {
    send(batch, signal) {
      const bytes = serialize(serializer, batch);
      return bytes instanceof Uint8Array ? transport.send(bytes, signal, readAnswer) : Promise.resolve(bytes);
    },
    close: () => transport.close(),
  };
}

/** gRPC is loaded only by those who want it. */
export async function createTransport(settings: OtlpSettings, sendRequest: SendRequest): Promise<Transport> {
  if (settings.protocol !== "grpc") return createHttpTransport(settings, sendRequest);
  const { createGrpcTransport } = await import("./grpc-transport.ts");
  return createGrpcTransport(settings);
}

function serialize<Internal>(
  serializer: ISerializer<Internal, Answer>,
  batch: Internal,
): Uint8Array | SendResult {
  try {
    return serializer.serializeRequest(batch) ?? { type: "sent", lost: 0 };
  } catch (error) {
    return { type: "refused", reason: `it cannot be serialised: ${String(error)}` };
  }
}

/** A good answer may still say that some of the batch was refused. */
function readPartialSuccess<Internal>(
  serializer: ISerializer<Internal, Answer>,
  body: Uint8Array,
): SendResult {
  if (body.length === 0) return { type: "sent", lost: 0 };
  try {
    const { partialSuccess } = serializer.deserializeResponse(body);
    const { rejectedSpans, rejectedDataPoints, rejectedLogRecords } = partialSuccess ?? {};
    const lost = Number(rejectedSpans ?? rejectedDataPoints ?? rejectedLogRecords ?? 0);
    return { type: "sent", lost, reason: "the collector refused some of what it was sent" };
  } catch {
    return { type: "sent", lost: 0 };
  }
}
