/**
 * How the aggregator reaches one MCP server, whatever carries the messages. There is one for each backend of a route,
 * and all sessions share it.
 *
 * Messages are the bytes of one JSON-RPC message each, passed as they are: nobody on the way builds and writes them
 * anew, so unknown members and exact numbers survive. Whatever goes wrong below JSON-RPC is a `BackendFailure`.
 */
export interface BackendConnection {
  /**
   * Whether the server knows which client it talks to, so that it may ask that client something (sampling, elicitation,
   * roots). A child process that all sessions share does not: its requests are refused below this interface.
   */
  readonly canAsk: boolean;
  /**
   * Sends a request, notification or answer. For a request the messages end with, or soon after, its answer, which has
   * the id of the request; those before it belong to it. `initialize` is a message like others: its answer may carry
   * a `sessionId`, which every later call brings along.
   */
  send(message: Uint8Array, call: BackendCall): Promise<BackendAnswer>;
  /** Opens the stream of what the server says unasked; `undefined` if it offers none. */
  listen(call: BackendCall): Promise<BackendAnswer | undefined>;
  /** Tells the server that a session is over. */
  endSession(call: BackendCall): Promise<void>;
  /** Ends what the connection itself holds: a child process, pending calls. */
  close(): Promise<void>;
}

export interface BackendCall {
  /** Of the backend's own session; absent for `initialize` and for servers without sessions. */
  readonly sessionId: string | undefined;
  /** Revision that was negotiated with this backend; absent for `initialize`. */
  readonly protocolVersion: string | undefined;
  /** Further HTTP headers, lower-case: what clients' headers and claims are forwarded as. */
  readonly headers: readonly (readonly [string, string])[];
  /** Only for `listen`: where to go on. */
  readonly lastEventId?: string | undefined;
  /** Gives up: before the answer, and while its messages are read. */
  readonly signal: AbortSignal;
  /** Told of every sign of life while messages are read, for clocks that watch silence. */
  readonly onActivity?: (() => void) | undefined;
}

export interface BackendAnswer {
  /** As HTTP has it, also where nothing else is HTTP: 2xx is an answer, 404 a session that is gone. */
  readonly status: number;
  readonly sessionId: string | undefined;
  /** From `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  /** Whether messages come one by one; else there is at most one, at once. */
  readonly isStream: boolean;
  /** Bytes of an answer that is no stream, where the server has said so. */
  readonly size?: number | undefined;
  readonly messages: MessageReader;
}

/** Reads what a server sends, as fast as the reader asks. */
export interface MessageReader {
  /** `undefined` at the end. Throws `BackendFailure` for what breaks off, is too large or is no message at all. */
  next(): Promise<BackendMessage | undefined>;
  /** Lets go of the rest. */
  cancel(): void;
  /** Where a stream can be gone on with, and how long to wait before that, as the server said. */
  readonly lastEventId: string | undefined;
  readonly retryMs: number | undefined;
  /**
   * The one message of an answer that is no stream, piece by piece as it arrives: for who need not look into it. Whoever
   * takes it does not call `next`. `undefined` where the bytes are not at hand like that.
   */
  takeRaw(): ReadableStream<Uint8Array> | undefined;
}

export interface BackendMessage {
  /** JSON text, without a byte order mark. */
  readonly bytes: Uint8Array;
  readonly eventId: string | undefined;
}

/**
 * - `connect`: nothing was sent. `reset`: it broke off. `timeout`: our clocks ended it. `stopped`: the caller did.
 * - `too-large`, `malformed`: what came cannot be used.
 */
export type BackendFailureKind = "connect" | "reset" | "timeout" | "stopped" | "too-large" | "malformed";

/** `message` is safe for clients and follows the name of the backend; `cause` is for the log. */
export class BackendFailure extends Error {
  override readonly name = "BackendFailure";
  readonly kind: BackendFailureKind;

  constructor(kind: BackendFailureKind, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.kind = kind;
  }
}
