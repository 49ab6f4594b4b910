/** One keep-alive connection that sends the same request over and over, with as little work as possible in between. */

export interface Exchange {
  readonly startedAtMs: number;
  /** When the first byte of the body came. */
  readonly firstByteAtMs: number;
  readonly endedAtMs: number;
}

/** Is told of each exchange; false ends the connection. */
export type Listener = (exchange: Exchange) => boolean;

const headEndMark = "\r\n\r\n";
const lastChunk = "0\r\n\r\n";
const streamEnd = "[DONE]";

/** Runs until the listener says so. Rejects for anything but complete answers with status 200. */
export function hammer(
  port: number,
  request: Uint8Array,
  isStream: boolean,
  listen: Listener,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let startedAtMs = 0;
  let firstByteAtMs = 0;
  /** The end of what came, enough to see the end of an answer whatever the pieces. */
  let tail = "";
  let missing: number | undefined;
  let hasHead = false;
  /** A head that came without its end; some servers send it in pieces. */
  let headSoFar: Buffer | undefined;

  const begin = (socket: Bun.Socket): void => {
    hasHead = false;
    firstByteAtMs = 0;
    tail = "";
    startedAtMs = performance.now();
    if (socket.write(request) !== request.length) reject(new Error("a request did not fit into the socket"));
  };

  /** Where the body begins in the piece; `undefined` if the head goes on. */
  const readHead = (piece: Buffer): number | undefined => {
    const end = piece.indexOf(headEndMark);
    if (end < 0) return undefined;
    const head = piece.toString("latin1", 0, end);
    if (!head.startsWith("HTTP/1.1 200")) throw new Error(piece.toString());
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    missing = length === undefined ? undefined : Number(length);
    if (missing === undefined && !/\r\ntransfer-encoding: *chunked/i.test(head))
      throw new Error(`no length: ${head}`);
    hasHead = true;
    return end + headEndMark.length;
  };

  const isComplete = (piece: Buffer, bodyStart: number): boolean => {
    if (isStream || missing === undefined) {
      tail = (tail + piece.toString("latin1", Math.max(bodyStart, piece.length - 64))).slice(-64);
    }
    if (missing !== undefined) missing -= piece.length - bodyStart;
    const ended = missing === undefined ? tail.endsWith(lastChunk) : missing <= 0;
    if (ended && isStream && !tail.includes(streamEnd)) throw new Error(`a stream without its end: ${tail}`);
    return ended;
  };

  const receive = (socket: Bun.Socket, arrived: Buffer): void => {
    const piece = headSoFar === undefined ? arrived : Buffer.concat([headSoFar, arrived]);
    const bodyStart = hasHead ? 0 : readHead(piece);
    // The piece's memory is used again after this call.
    headSoFar = bodyStart === undefined ? Buffer.from(piece) : undefined;
    if (bodyStart === undefined) return;
    if (firstByteAtMs === 0 && piece.length > bodyStart) firstByteAtMs = performance.now();
    if (!isComplete(piece, bodyStart)) return;
    if (listen({ startedAtMs, firstByteAtMs, endedAtMs: performance.now() })) {
      begin(socket);
      return;
    }
    resolve(); // First, for the end calls `close` at once.
    socket.end();
  };

  const fail = (socket: Bun.Socket, error: unknown): void => {
    reject(error);
    socket.terminate();
  };

  Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: begin,
      data(socket, piece) {
        try {
          receive(socket, piece);
        } catch (error) {
          fail(socket, error);
        }
      },
      error: fail,
      close: () => reject(new Error("the connection was closed in the middle of an answer")),
    },
  }).catch(reject);
  return promise;
}
