import { encodeText } from "../../dialects/wire/text.ts";

const head = encodeText("event: message\n");
const data = encodeText("data: ");
const end = encodeText("\n\n");
const lf = 0x0a;
const cr = 0x0d;

/** A sign of life that no client takes for a message. */
export const sseComment = encodeText(":\n\n");

/** One message as one event. Line ends in JSON text are white space, so blanks in their place change nothing. */
export function writeEvent(message: Uint8Array, id?: string): Uint8Array {
  const idLine = id === undefined ? undefined : encodeText(`id: ${id}\n`);
  const idLength = idLine?.length ?? 0;
  const event = new Uint8Array(head.length + idLength + data.length + message.length + end.length);
  event.set(head, 0);
  if (idLine !== undefined) event.set(idLine, head.length);
  event.set(data, head.length + idLength);
  const start = head.length + idLength + data.length;
  event.set(message, start);
  event.set(end, start + message.length);
  for (const lineEnd of [lf, cr]) {
    const stop = start + message.length;
    for (let at = event.indexOf(lineEnd, start); at >= 0 && at < stop; at = event.indexOf(lineEnd, at))
      event[at] = 0x20;
  }
  return event;
}
