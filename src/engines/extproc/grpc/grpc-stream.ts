import { Buffer } from "node:buffer";
import { grpcStatus } from "../call.ts";
import { writeHeaders } from "../http2/hpack.ts";
import type { ServerStream, StreamListener } from "../http2/server-stream.ts";
import { CallFailure, MessageReader } from "./message-reader.ts";

/** One gRPC call as its server has it: messages in order, and a status at the end. */
export interface GrpcCall {
  send(message: Uint8Array): void;
  /** Ends the call; what is sent afterwards is dropped. `details` for other codes than 0. */
  finish(code: number, details: string): void;
}

/** What happens on a call. What it throws ends the call as an error of ours. */
export interface GrpcListener {
  message(message: Buffer): void;
  /** The client has sent all. */
  halfClosed(): void;
  /** Once and last, however the call ended. */
  ended(): void;
}

const head = Uint8Array.from(
  writeHeaders([
    [":status", "200"],
    ["content-type", "application/grpc"],
  ]),
);
const goodTrailers = Uint8Array.from(writeHeaders([["grpc-status", "0"]]));

/** Carries a gRPC call on a stream of HTTP/2. */
export class GrpcStream implements GrpcCall, StreamListener {
  readonly #stream: ServerStream;
  readonly #reader: MessageReader;
  readonly #listener: GrpcListener;
  #isOver = false;

  constructor(stream: ServerStream, maxReceiveBytes: number, listen: (call: GrpcCall) => GrpcListener) {
    this.#stream = stream;
    this.#listener = listen(this);
    this.#reader = new MessageReader(maxReceiveBytes, (message) => {
      if (!this.#isOver) this.#listener.message(message);
    });
  }

  send(message: Uint8Array): void {
    if (this.#isOver) return;
    this.#stream.head(head);
    const framed = Buffer.allocUnsafe(message.length + 5);
    framed[0] = 0;
    framed.writeUInt32BE(message.length, 1);
    framed.set(message, 5);
    this.#stream.data(framed);
  }

  finish(code: number, details: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream.head(head);
    this.#stream.finish(code === 0 ? goodTrailers : writeStatus(code, details));
    this.#listener.ended();
  }

  data(piece: Buffer): void {
    this.#guard(() => this.#reader.push(piece));
  }

  end(): void {
    this.#guard(() => this.#listener.halfClosed());
  }

  #guard(act: () => void): void {
    if (this.#isOver) return;
    try {
      act();
    } catch (error) {
      const code = error instanceof CallFailure ? error.code : grpcStatus.internal;
      this.finish(code, error instanceof Error ? error.message : "");
    }
  }

  aborted(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.ended();
  }
}

/** The words are percent-encoded, as gRPC wants all that is not printable ASCII. */
function writeStatus(code: number, details: string): Uint8Array {
  const message = encodeURIComponent(details).replaceAll("%20", " ");
  return Uint8Array.from(
    writeHeaders([
      ["grpc-status", String(code)],
      ["grpc-message", message],
    ]),
  );
}
