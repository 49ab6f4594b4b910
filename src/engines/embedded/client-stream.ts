import type { Stage } from "../../dialects/stage.ts";
import { streamFailureWriters } from "../../endpoints/index.ts";
import { decoder } from "../decode.ts";
import type { Carried } from "./carried.ts";
import type { InFlight } from "./in-flight.ts";

/** Looks on while bytes go by. */
export interface Watcher {
  push(piece: Uint8Array): void;
  /** Resolves when all that was pushed has been looked at. */
  end(isCut: boolean): Promise<void> | undefined;
}

function ignore(): void {}

export function plainWatcher(stage: Stage<Uint8Array, never>): Watcher {
  return {
    push: (piece) => stage.push(piece, ignore),
    end: (isCut) => {
      stage.end(ignore, isCut);
      return undefined;
    },
  };
}

/** For compressed streams that go on as they came: decodes a copy beside them. What cannot be decoded is not counted. */
export function decodingWatcher(stage: Stage<Uint8Array, never>, encoding: string): Watcher {
  const { readable, writable } = decoder(encoding);
  const writer = writable.getWriter();
  const reading = (async () => {
    for await (const piece of readable) stage.push(piece as Uint8Array, ignore);
  })().catch(ignore);
  return {
    push: (piece) => void writer.write(piece as Uint8Array<ArrayBuffer>).catch(ignore),
    end: async (isCut) => {
      await writer.close().catch(ignore);
      await reading;
      stage.end(ignore, isCut);
    },
  };
}

export interface ClientStreamOptions {
  readonly inFlight: InFlight;
  readonly source: ReadableStream<Uint8Array>;
  readonly stage: Stage<Uint8Array, Uint8Array> | undefined;
  readonly watch: Watcher | undefined;
  /** Set for event streams: a broken one ends with an error event of the client's dialect. */
  readonly failure: Carried | undefined;
  readonly status: number;
}

/** Reads the upstream only as fast as the client takes it; a client that leaves ends the upstream at once. */
export function clientStream(options: ClientStreamOptions): ReadableStream<Uint8Array> {
  const { inFlight, stage, watch, status } = options;
  const reader = options.source.getReader();
  let hasEmitted = false;
  const finish = async (isComplete: boolean) => {
    await watch?.end(!isComplete);
    inFlight.done(status, isComplete);
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const emit = (piece: Uint8Array) => {
        hasEmitted = true;
        inFlight.bytesSent += piece.length;
        controller.enqueue(piece);
      };
      hasEmitted = false;
      try {
        while (!hasEmitted) {
          const { done, value } = await reader.read();
          if (done) {
            stage?.end(emit, false);
            await finish(true);
            controller.close();
            return;
          }
          inFlight.active();
          if (stage === undefined) {
            emit(value);
            watch?.push(value);
          } else {
            stage.push(value, emit);
          }
        }
      } catch (error) {
        await breakOff(options, controller, emit, error);
        await finish(false);
      }
    },
    async cancel() {
      inFlight.abort("client-gone");
      await reader.cancel().catch(ignore);
      await finish(false);
    },
  });
}

/** The upstream broke off, or its time is over. A plain body is cut too, so that nobody takes it for whole. */
async function breakOff(
  { inFlight, stage, failure }: ClientStreamOptions,
  controller: ReadableStreamDefaultController<Uint8Array>,
  emit: (piece: Uint8Array) => void,
  error: unknown,
): Promise<void> {
  inFlight.upstreamFailure ??= String(error);
  const before = inFlight.bytesSent;
  stage?.end(emit, true);
  if (failure?.endpoint === undefined || inFlight.isClientGone) {
    controller.error(error);
    return;
  }
  const [code, message] = inFlight.isTimedOut
    ? (["upstream_timeout", "upstream request timeout"] as const)
    : (["upstream_reset", "the upstream closed the stream before it was complete"] as const);
  failure.fail(code, message);
  // A stage that translates has written its own error event; a stream that only passes gets one here.
  const hasOwn = stage !== undefined && inFlight.bytesSent > before;
  if (!hasOwn) emit(streamFailureWriters[failure.endpoint.family](code, message));
  controller.close();
}
