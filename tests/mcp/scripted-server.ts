/** An MCP server that does as it is told, right or wrong. */

export interface Asked {
  readonly method: string;
  readonly id: unknown;
  readonly params: Record<string, unknown>;
  readonly request: Request;
}

export type Script = (asked: Asked) => Response | object | undefined | Promise<Response | object | undefined>;

export interface ScriptedServer extends Disposable {
  readonly url: string;
  /** Methods of JSON-RPC, and of HTTP where there was none. */
  readonly asked: string[];
  answerWith(script: Script): void;
}

const everything = { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true }, logging: {} };

/** `script` gives a result, a whole response, or `undefined` for what servers usually do. */
export function startScriptedServer(script: Script = () => undefined): ScriptedServer {
  const asked: string[] = [];
  let current = script;
  const http = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const message =
        request.method === "POST" ? JSON.parse(await request.text()) : { method: request.method };
      const { method, id, params = {} } = message;
      asked.push(method);
      const answer = (await current({ method, id, params, request })) ?? usual(method, params);
      return answer instanceof Response ? answer : Response.json({ jsonrpc: "2.0", id, result: answer });
    },
  });
  return {
    url: `http://127.0.0.1:${http.port}/mcp`,
    asked,
    answerWith(next) {
      current = next;
    },
    [Symbol.dispose]: () => void http.stop(true),
  };
}

function usual(method: string, params: Record<string, unknown>): Response | object {
  if (method === "initialize") {
    const serverInfo = { name: "scripted", version: "1" };
    return { protocolVersion: params["protocolVersion"], capabilities: everything, serverInfo };
  }
  if (method === "tools/list") return { tools: [{ name: "t", inputSchema: { type: "object" } }] };
  if (method === "tools/call") return { content: [{ type: "text", text: "done" }] };
  if (method === "GET") return new Response(null, { status: 405 });
  return new Response(null, { status: 202 });
}

/** A response that is a stream of events, cut where the pieces are. */
export function events(...pieces: readonly (string | number)[]): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const piece of pieces) {
        if (typeof piece === "number") await Bun.sleep(piece);
        else controller.enqueue(encoder.encode(piece));
      }
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
