import { readServerMessage } from "../rpc/read-message.ts";

const waitMs = 250;

/** Servers that change much say so often; a client hears of each kind of list once in a while. */
export class ChangeNotices {
  readonly #send: (message: Uint8Array) => void;
  readonly #waiting = new Map<string, Uint8Array>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (message: Uint8Array) => void) {
    this.#send = send;
  }

  add(message: Uint8Array): void {
    const read = readServerMessage(message);
    if (read?.kind !== "notification") return;
    this.#waiting.set(read.method, message);
    this.#timer ??= setTimeout(() => this.#flush(), waitMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    for (const message of this.#waiting.values()) this.#send(message);
    this.#waiting.clear();
  }
}
