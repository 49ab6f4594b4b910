/**
 * The floor: what a gateway on this runtime costs at the least. It reads and parses each body once, calls the upstream
 * with `fetch`, and looks for usage in what comes back. It has no configuration, no errors, no metrics. Prints its port.
 */
const upstream = process.env["BENCH_UPSTREAM"] ?? "";
const usageMark = Buffer.from('"usage"');

interface Chat {
  readonly model: string;
  readonly stream?: boolean;
}

let tokens = 0;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    const text = await request.text();
    const chat = JSON.parse(text) as Chat;
    const answer = await fetch(upstream + new URL(request.url).pathname, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer bench" },
      body: text,
      signal: request.signal,
    });
    const headers = { "content-type": answer.headers.get("content-type") ?? "" };
    if (chat.stream && answer.body) return new Response(scan(answer.body), { headers });
    const body = await answer.text();
    count((JSON.parse(body) as { usage?: { total_tokens: number } }).usage);
    return new Response(body, { headers });
  },
});
console.log(server.port);
process.on("SIGTERM", () => {
  console.error(`${tokens} tokens`);
  process.exit(0);
});

function count(usage: { total_tokens: number } | undefined): void {
  tokens += usage?.total_tokens ?? 0;
}

/** The same bytes, looked through for usage on the way. */
function scan(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      if (Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(usageMark)) tokens++;
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
