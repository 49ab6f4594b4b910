import { clearTimeout, setTimeout } from "node:timers";
import type { RecordListener, RequestRecord } from "../request-record.ts";

/** Lines are made for so many requests at once, or after so long. */
const maxRecords = 32;
const maxDelayMs = 100;

interface Waiting {
  readonly record: RequestRecord;
  readonly listener: RecordListener;
}

/**
 * Gathers the records of finished requests and hands them on together.
 *
 * Between two requests the code that makes lines has been driven out of the processor's caches; for many records in a
 * row it costs a third. What a record can tell only now (the peer's address) is asked now.
 */
export class RecordBatch {
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The listener that engines get, in front of the one that does the work. */
  inFrontOf(listener: RecordListener): RecordListener {
    return (record) => {
      record.remoteAddress();
      this.#waiting.push({ record, listener });
      if (this.#waiting.length >= maxRecords) this.flush();
      else this.#timer ??= setTimeout(this.flush, maxDelayMs);
    };
  }

  readonly flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { record, listener } of waiting) listener(record);
  };
}
