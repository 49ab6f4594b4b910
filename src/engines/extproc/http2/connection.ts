import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type FrameHandler, FrameReader } from "./frame-reader.ts";
import {
  ConnectionFailure,
  defaultWindow,
  errorCode,
  FrameWriter,
  flag,
  frameType,
  maxWindow,
  setting,
} from "./frames.ts";
import { type Header, HpackReader } from "./hpack.ts";
import { ServerStream, type StreamListener, type StreamSender } from "./server-stream.ts";

/** What a server does with a request whose head has come. Must not throw. */
export type Accept = (stream: ServerStream, headers: readonly Header[]) => StreamListener;

/** What clients may send before they hear that it has been read; it is, at once. */
const streamWindow = 1_048_576;
const connectionWindow = 16 * 1_048_576;
const maxFrameBytes = 65_536;
const smallestMaxFrameBytes = 16_384;

/**
 * The server's side of one HTTP/2 connection without TLS (RFC 9113), as far as gRPC needs it.
 *
 * - Clients may reset as many streams as they like: Envoy ends every ext_proc call so.
 * - What one piece of input causes goes out in one write.
 * - Priorities and pushes are not there; header blocks refer to nothing, so that no client has to remember them.
 */
export class Connection implements StreamSender, FrameHandler {
  window = defaultWindow;
  maxFrameBytes = smallestMaxFrameBytes;
  readonly #socket: Socket;
  readonly #accept: Accept;
  readonly #onClose: () => void;
  readonly #reader = new FrameReader(this, maxFrameBytes);
  readonly #hpack = new HpackReader();
  readonly #out = new FrameWriter();
  readonly #streams = new Map<number, ServerStream>();
  #initialWindow = defaultWindow;
  #lastStream = 0;
  /** Bytes that came since the client was last told that it may send more. */
  #unreported = 0;
  #isReading = false;
  #isFlushing = false;
  #isDraining = false;
  #isClosed = false;

  constructor(socket: Socket, accept: Accept, onClose: () => void) {
    this.#socket = socket;
    this.#accept = accept;
    this.#onClose = onClose;
    socket.on("data", (piece: Buffer) => this.#receive(piece));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#closed());
    this.#sayHello();
  }

  /** No new streams; the connection ends with the last open one. */
  drain(): void {
    if (this.#isDraining || this.#isClosed) return;
    this.#isDraining = true;
    this.#goAway(errorCode.none, "");
    this.#flush();
    this.#endIfDone();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  sendHead(stream: number, block: Uint8Array, isEnd: boolean): void {
    this.#out.frame(frameType.headers, flag.endHeaders | (isEnd ? flag.endStream : 0), stream, block);
    this.#schedule();
  }

  sendData(stream: number, bytes: Uint8Array): void {
    this.window -= bytes.length;
    this.#out.frame(frameType.data, 0, stream, bytes);
    this.#schedule();
  }

  finished(stream: ServerStream): void {
    this.#streams.delete(stream.id);
    // Whoever has his answer need not go on asking.
    if (!stream.isRead) this.#reset(stream.id, errorCode.none);
    this.#endIfDone();
  }

  data(id: number, piece: Buffer, flowBytes: number, isEnd: boolean): void {
    this.#unreported += flowBytes;
    if (this.#unreported >= connectionWindow / 2) {
      this.#report(0, this.#unreported);
      this.#unreported = 0;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.isRead) {
      if (id > this.#lastStream || id === 0)
        throw new ConnectionFailure(errorCode.protocol, "data without a request");
      return;
    }
    stream.unreported += flowBytes;
    if (!isEnd && stream.unreported >= streamWindow / 2) {
      this.#report(id, stream.unreported);
      stream.unreported = 0;
    }
    if (piece.length > 0) stream.listener?.data(piece);
    if (isEnd) this.#readEnd(stream);
  }

  /** A new stream, or what a client says behind its body. */
  headers(id: number, block: Buffer, isEnd: boolean): void {
    // Always read: what comes later may refer to it.
    const headers = this.#readBlock(block);
    if (id % 2 === 0) throw new ConnectionFailure(errorCode.protocol, "a stream with an even number");
    const open = this.#streams.get(id);
    if (open !== undefined && isEnd && !open.isRead) this.#readEnd(open);
    if (id <= this.#lastStream) return;
    if (this.#isDraining) {
      this.#reset(id, errorCode.refusedStream);
      return;
    }
    this.#lastStream = id;
    const stream = new ServerStream(id, this.#initialWindow, this);
    stream.isRead = isEnd;
    this.#streams.set(id, stream);
    stream.listener = this.#accept(stream, headers);
    if (isEnd) this.#readEnd(stream);
  }

  control(type: number, flags: number, stream: number, payload: Buffer): void {
    switch (type) {
      case frameType.rstStream:
        this.#abort(stream);
        return;
      case frameType.settings:
        if ((flags & flag.ack) === 0) this.#settings(payload);
        return;
      case frameType.ping:
        if ((flags & flag.ack) === 0) this.#out.frame(frameType.ping, flag.ack, 0, payload);
        return;
      case frameType.windowUpdate:
        this.#windowUpdate(stream, payload);
        return;
      case frameType.pushPromise:
        throw new ConnectionFailure(errorCode.protocol, "clients push nothing");
      default: // Priorities, a client's farewell, and what is not known: of no consequence.
    }
  }

  #sayHello(): void {
    const values = [
      [setting.initialWindow, streamWindow],
      [setting.maxFrameBytes, maxFrameBytes],
    ] as const;
    const payload = Buffer.alloc(values.length * 6);
    for (const [index, [name, value]] of values.entries()) {
      payload.writeUInt16BE(name, index * 6);
      payload.writeUInt32BE(value, index * 6 + 2);
    }
    this.#out.frame(frameType.settings, 0, 0, payload);
    this.#report(0, connectionWindow - defaultWindow);
    this.#flush();
  }

  #receive(piece: Buffer): void {
    if (this.#isClosed) return;
    this.#isReading = true;
    let failure: ConnectionFailure | undefined;
    try {
      this.#reader.read(piece);
    } catch (error) {
      if (!(error instanceof ConnectionFailure)) throw error;
      failure = error;
      this.#goAway(error.code, error.message);
    } finally {
      this.#isReading = false;
      this.#flush();
      this.#endIfDone();
    }
    if (failure === undefined) return;
    this.#socket.end();
    this.#closed();
  }

  #readBlock(block: Buffer): Header[] {
    try {
      return this.#hpack.read(block);
    } catch (error) {
      const message = error instanceof Error ? error.message : "";
      throw new ConnectionFailure(errorCode.compression, message);
    }
  }

  #readEnd(stream: ServerStream): void {
    stream.isRead = true;
    if (!stream.isFinished) stream.listener?.end();
  }

  #abort(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    stream.abort();
    this.#endIfDone();
  }

  #settings(payload: Buffer): void {
    if (payload.length % 6 !== 0) throw new ConnectionFailure(errorCode.frameSize, "broken settings");
    for (let at = 0; at < payload.length; at += 6) {
      const [name, value] = [payload.readUInt16BE(at), payload.readUInt32BE(at + 2)];
      if (name === setting.initialWindow) this.#resizeWindows(value);
      if (name === setting.maxFrameBytes)
        this.maxFrameBytes = Math.min(Math.max(value, smallestMaxFrameBytes), maxFrameBytes);
    }
    this.#out.frame(frameType.settings, flag.ack, 0, payload.subarray(0, 0));
  }

  #resizeWindows(size: number): void {
    if (size > maxWindow) throw new ConnectionFailure(errorCode.flowControl, "a window is too large");
    const added = size - this.#initialWindow;
    this.#initialWindow = size;
    for (const stream of [...this.#streams.values()]) stream.enlarge(added);
  }

  #windowUpdate(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionFailure(errorCode.frameSize, "a broken update");
    const added = payload.readUInt32BE(0) & 0x7fffffff;
    if (id !== 0) {
      this.#streams.get(id)?.enlarge(added);
      return;
    }
    this.window += added;
    if (this.window > maxWindow) throw new ConnectionFailure(errorCode.flowControl, "a window is too large");
    for (const stream of [...this.#streams.values()]) stream.flush();
  }

  /** Tells the client that so much more may come. */
  #report(stream: number, bytes: number): void {
    this.#out.head(frameType.windowUpdate, 0, stream, 4);
    this.#out.uint32(bytes);
  }

  #reset(stream: number, code: number): void {
    this.#out.head(frameType.rstStream, 0, stream, 4);
    this.#out.uint32(code);
    this.#schedule();
  }

  #goAway(code: number, message: string): void {
    const words = Buffer.from(message);
    this.#out.head(frameType.goAway, 0, 0, 8 + words.length);
    this.#out.uint32(this.#lastStream);
    this.#out.uint32(code);
    this.#out.bytes(words);
  }

  /** What is sent while nothing is read goes out together at the end of the turn. */
  #schedule(): void {
    if (this.#isReading || this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
      this.#endIfDone();
    });
  }

  #flush(): void {
    if (this.#isReading || this.#out.isEmpty) return;
    const bytes = this.#out.take();
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** Ends the connection once everything is said. */
  #endIfDone(): void {
    if (!this.#isDraining || this.#streams.size > 0) return;
    if (this.#out.isEmpty) this.#socket.end();
    else this.#schedule();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.abort();
    this.#onClose();
  }
}
