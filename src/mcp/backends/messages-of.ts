import type { MessageReader } from "./connection.ts";

/** Messages that are there already, for answers that no server gave. */
export function messagesOf(...all: Uint8Array[]): MessageReader {
  return {
    lastEventId: undefined,
    retryMs: undefined,
    async next() {
      const bytes = all.shift();
      return bytes && { bytes, eventId: undefined };
    },
    cancel() {
      all.length = 0;
    },
    takeRaw: () => undefined,
  };
}
