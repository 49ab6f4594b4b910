import { isObject, type JsonObject } from "../../../dialects/wire/json.ts";
import { MergedPieces } from "./merged-pieces.ts";

/** The events of a stream of server-sent events that are JSON objects, and whether `[DONE]` was among them. */
export interface StreamEvents {
  readonly events: readonly JsonObject[];
  readonly isDone: boolean;
}

/** Data of more than one line is joined, pieces of one text are one event; what cannot be parsed is left out. */
export function readEvents(text: string): StreamEvents {
  const events: JsonObject[] = [];
  const pieces = new MergedPieces((data) => add(events, data));
  let isDone = false;
  let data: string | undefined;
  const dispatch = () => {
    if (data === undefined) return;
    if (data.trim() === "[DONE]") isDone = true;
    else if (data !== "") pieces.add(data);
    data = undefined;
  };
  const lines = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
  for (let start = 0; start <= lines.length; ) {
    const found = lines.indexOf("\n", start);
    const end = found < 0 ? lines.length : found;
    if (end === start) dispatch();
    else if (lines.startsWith("data:", start)) {
      const line = lines.slice(lines[start + 5] === " " ? start + 6 : start + 5, end);
      data = data === undefined ? line : `${data}\n${line}`;
    }
    start = end + 1;
  }
  dispatch();
  pieces.flush();
  return { events, isDone };
}

function add(events: JsonObject[], data: string): void {
  try {
    const event: unknown = JSON.parse(data);
    if (isObject(event)) events.push(event);
  } catch {
    // A stream that was cut ends in the middle of an event.
  }
}
