import type { Clocks } from "../backends/clock.ts";
import { EventOutlet, eventStreamHeaders } from "./outlet.ts";

interface ReplyOptions {
  readonly clocks: Clocks;
  /** An answer that takes longer becomes a stream, so that nobody on the way takes it for dead; 0: never. */
  readonly heartbeatMs: number;
  /** The client left before it had all. */
  readonly onGone: () => void;
  /** Headers of the response, however it goes out. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The answer to one request of a client. It is one JSON message, unless something has to reach the client before the
 * result is there: then it is a stream of events from there on.
 */
export class Reply {
  readonly response: Promise<Response>;
  readonly #resolve: (response: Response) => void;
  readonly #options: ReplyOptions;
  #outlet: EventOutlet | undefined;
  #cancelAlarm: (() => void) | undefined;
  #isOver = false;

  constructor(options: ReplyOptions) {
    const { promise, resolve } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#resolve = resolve;
    this.#options = options;
    const { clocks, heartbeatMs } = options;
    if (heartbeatMs > 0) this.#cancelAlarm = clocks.alarm(heartbeatMs, () => this.#stream().comment());
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Something before the result. Resolves when there is room for more. */
  relay(message: Uint8Array, eventId?: string): Promise<void> | undefined {
    return this.#isOver ? undefined : this.#stream().write(message, eventId);
  }

  /** The last message. `status` and `headers` only matter while no stream has begun. */
  finish(
    message: Uint8Array | ReadableStream<Uint8Array>,
    status = 200,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    if (this.#isOver) return;
    if (this.#outlet !== undefined) {
      if (message instanceof Uint8Array) void this.#outlet.write(message);
      this.#end();
      return;
    }
    this.#end();
    const all = { "content-type": "application/json", ...this.#options.headers, ...headers };
    this.#resolve(new Response(message as Uint8Array<ArrayBuffer>, { status, headers: all }));
  }

  /** Ends without a result: the client has said that it wants none. */
  drop(): void {
    if (this.#isOver) return;
    const outlet = this.#stream();
    this.#end();
    outlet.close();
  }

  /** Whether a large message may still be handed on as it arrives. */
  get isStream(): boolean {
    return this.#outlet !== undefined;
  }

  #end(): void {
    this.#isOver = true;
    this.#cancelAlarm?.();
    this.#outlet?.close();
  }

  #stream(): EventOutlet {
    if (this.#outlet !== undefined) return this.#outlet;
    this.#cancelAlarm?.();
    const { heartbeatMs, headers } = this.#options;
    const onGone = () => {
      this.#isOver = true;
      this.#options.onGone();
    };
    this.#outlet = new EventOutlet({ heartbeatMs, onGone });
    this.#resolve(new Response(this.#outlet.body, { headers: { ...eventStreamHeaders, ...headers } }));
    return this.#outlet;
  }
}
