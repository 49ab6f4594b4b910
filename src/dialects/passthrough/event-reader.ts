import type { ClientRequest, Meter } from "../passage.ts";
import { needle } from "../wire/bytes.ts";
import type { Marker } from "../wire/sse-scan.ts";

/** Reads what a meter wants from the events of one stream. */
export interface EventReader {
  readonly markers: readonly Marker[];
  /** Whether the stream ends with `[DONE]`. */
  readonly hasSentinel: boolean;
  /** Every event is of interest, marked or not: nothing of the answer itself was seen yet. */
  readonly isCurious: boolean;
  /** The data of one event, which begins as a JSON object. May see an event twice; what it throws is dropped. */
  read(data: Uint8Array): void;
  /** `[DONE]` */
  done(): void;
}

export type OpenEventReader = (meter: Meter, request: ClientRequest) => EventReader;

/** In every chunk of a chat that was asked for its usage, mostly as null. */
export const usageMarker: Marker = { needle: needle('"usage"'), isNullable: true };
export const errorMarker: Marker = { needle: needle('"error"'), isNullable: true };

/** A line of the log about an error that came with a good status. */
export function errorReason(error: unknown): string {
  if (typeof error === "string") return error.slice(0, 200);
  const { type, code, message } = error as { type?: unknown; code?: unknown; message?: unknown };
  const words = [type, code, message].filter((word) => typeof word === "string" && word !== "");
  return words.length === 0 ? "the answer holds an error" : words.join(": ").slice(0, 200);
}
