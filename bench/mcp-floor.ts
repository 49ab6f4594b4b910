export {};

/** The floor of MCP: a proxy that reads and parses a message, sends the same bytes on and the answer back. Prints its port. */
const upstream = process.env["BENCH_UPSTREAM"] ?? "";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    const text = await request.text();
    const message = JSON.parse(text) as { method: string };
    const answer = await fetch(upstream, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-session-id": request.headers.get("mcp-session-id") ?? "",
        "x-method": message.method,
      },
      body: text,
    });
    const body = await answer.text();
    if (body !== "") JSON.parse(body);
    const headers = { "content-type": answer.headers.get("content-type") ?? "" };
    return new Response(body, { status: answer.status, headers });
  },
});
console.log(server.port);
