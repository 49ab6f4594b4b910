import type { Stage } from "../stage.ts";
import { dataStart, isSentinel, SseScan } from "../wire/sse-scan.ts";
import type { EventReader } from "./event-reader.ts";

/** Is told of each event that the reader is shown: its data, and where in which bytes its line begins. */
type EventWatcher = (data: Uint8Array, bytes: Uint8Array, start: number) => void;

/** Shows the events of a stream to a reader, beside the bytes. */
export class StreamTap implements Stage<Uint8Array, never> {
  readonly #reader: EventReader;
  readonly #scan: SseScan;
  readonly #watch: EventWatcher | undefined;

  constructor(reader: EventReader, watch?: EventWatcher) {
    this.#reader = reader;
    this.#watch = watch;
    this.#scan = new SseScan({
      markers: reader.markers,
      hasSentinel: reader.hasSentinel,
      wantsAll: reader.isCurious,
      visit: (bytes, start, end) => this.#visit(bytes, start, end),
    });
  }

  get lineEnd(): string {
    return this.#scan.lineEnd;
  }

  push(piece: Uint8Array): void {
    this.#scan.push(piece);
  }

  end(): void {
    this.#scan.end();
  }

  #visit(bytes: Uint8Array, start: number, end: number): void {
    const at = dataStart(bytes, start, end);
    if (at < 0) return;
    if (isSentinel(bytes, at, end)) this.#reader.done();
    if (bytes[at] !== 0x7b) return;
    try {
      // On its own, so that a text that is broken is not read on into the next line.
      const data = bytes.subarray(at, end);
      this.#reader.read(data);
      this.#watch?.(data, bytes, start);
    } catch {
      // What cannot be counted must not harm the answer: the client gets its bytes all the same.
    }
    this.#scan.wantsAll = this.#reader.isCurious;
  }
}
