export {};

/**
 * An MCP server that does as little as one can: JSON answers, a session, twenty tools, and a stream that says nothing.
 * Prints its port.
 */
const tools = Array.from({ length: 20 }, (_, index) => ({
  name: `tool_${index}`,
  description: `The tool of number ${index}, which gives back the message that it was given and does nothing else`,
  inputSchema: { type: "object", properties: { message: { type: "string" } }, required: ["message"] },
}));

interface Message {
  readonly method: string;
  readonly id?: number | string;
  readonly params: { readonly protocolVersion?: string; readonly arguments?: { readonly message: string } };
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    if (request.method === "GET") return new Response(new ReadableStream({}), { headers: eventStream });
    if (request.method === "DELETE") return new Response(null);
    const { method, id, params } = (await request.json()) as Message;
    if (id === undefined) return new Response(null, { status: 202 });
    const headers = method === "initialize" ? { "mcp-session-id": crypto.randomUUID() } : {};
    return Response.json({ jsonrpc: "2.0", id, result: answer(method, params) }, { headers });
  },
});
console.log(server.port);

const eventStream = { "content-type": "text/event-stream" };

function answer(method: string, params: Message["params"]): object {
  if (method === "tools/list") return { tools };
  if (method === "tools/call") return { content: [{ type: "text", text: params.arguments?.message }] };
  const capabilities = { tools: { listChanged: true } };
  return {
    protocolVersion: params.protocolVersion,
    capabilities,
    serverInfo: { name: "bench", version: "1" },
  };
}
