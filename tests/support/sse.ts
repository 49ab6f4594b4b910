/** Server-sent events for tests: written as a provider would, read as a client would. */

/** The text of a stream: each item is the `data` of one event, objects as JSON. */
export function sseText(...events: readonly (object | string)[]): string {
  return events
    .map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`)
    .join("");
}

/** A stream whose pieces come one by one, `gapMs` apart. Ends, or hangs up when its reader does. */
export function sseResponse(pieces: readonly string[], gapMs = 0): Response {
  const encoder = new TextEncoder();
  let next = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (next > 0 && gapMs > 0) await Bun.sleep(gapMs);
      const piece = pieces[next++];
      if (piece === undefined) controller.close();
      else controller.enqueue(encoder.encode(piece));
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** The `data` of each event as it arrives. Throws when the connection breaks. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) yield dataOf(event);
  }
  if (text !== "") throw new Error(`the stream ended inside an event: ${text}`);
}

function dataOf(event: string): string {
  const lines = event.split("\n").filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice(5).trimStart()).join("\n");
}
