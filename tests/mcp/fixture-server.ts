/** An MCP server as the official SDK makes them, with all that the conformance suite asks a server for. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { EventMemory } from "./event-memory.ts";
import {
  prompts,
  readPrompt,
  readResource,
  resources,
  resourceTemplates,
  tools,
} from "./fixture-contents.ts";
import { callTool } from "./fixture-tools.ts";

export interface FixtureServer extends Disposable {
  readonly port: number;
  readonly url: string;
  /** Sessions that were begun and not ended. */
  readonly sessions: ReadonlyMap<string, Server>;
  /** Method and headers of each HTTP request. */
  readonly seen: { readonly method: string; readonly headers: Headers; readonly body: string }[];
  /** Forgets all sessions, as a restart does. */
  restart(): void;
}

export interface FixtureOptions {
  /** Answers in one piece instead of a stream. */
  readonly isJson?: boolean;
  /** Keeps no sessions. */
  readonly isStateless?: boolean;
  /** Streams can be gone on with. */
  readonly isResumable?: boolean;
  readonly port?: number;
}

export function startFixtureServer(options: FixtureOptions = {}): FixtureServer {
  const { isJson = false, isStateless = false, isResumable = false } = options;
  const transports = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const servers = new Map<string, Server>();
  const seen: { method: string; headers: Headers; body: string }[] = [];
  const http = Bun.serve({
    hostname: "127.0.0.1",
    port: options.port ?? 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname !== "/mcp") return new Response(null, { status: 404 });
      const { method, headers } = request;
      const body = method === "POST" ? await request.clone().text() : "";
      seen.push({ method, headers, body });
      if (isStateless) return (await connect()).handleRequest(request);
      const id = headers.get("mcp-session-id");
      const known = id === null ? undefined : transports.get(id);
      if (known !== undefined) return known.handleRequest(request);
      if (id !== null) return Response.json(rpcError(-32001, "Session not found"), { status: 404 });
      return (await connect()).handleRequest(request);
    },
  });

  async function connect(): Promise<WebStandardStreamableHTTPServerTransport> {
    const server = createServer();
    const transport = new WebStandardStreamableHTTPServerTransport({
      enableJsonResponse: isJson,
      ...(isStateless ? {} : { sessionIdGenerator: () => crypto.randomUUID() }),
      ...(isResumable ? { eventStore: new EventMemory(), retryInterval: 20 } : {}),
      onsessioninitialized: (id) => {
        transports.set(id, transport);
        servers.set(id, server);
      },
      onsessionclosed: (id) => {
        transports.delete(id);
        servers.delete(id);
      },
    });
    await server.connect(transport);
    return transport;
  }

  const port = http.port ?? 0;
  return {
    port,
    url: `http://127.0.0.1:${port}/mcp`,
    sessions: servers,
    seen,
    restart() {
      transports.clear();
      servers.clear();
    },
    [Symbol.dispose]: () => void http.stop(true),
  };
}

function rpcError(code: number, message: string) {
  return { jsonrpc: "2.0", id: null, error: { code, message } };
}

function createServer(): Server {
  const server = new Server(
    { name: "fixture", version: "1.0.0" },
    {
      instructions: "Use the tools whose names begin with test.",
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
    },
  );
  const subscribed = new Set<string>();
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, (request, extra) => callTool(request, extra));
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) =>
    readPrompt(params.name, params.arguments ?? {}),
  );
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => readResource(params.uri));
  server.setRequestHandler(SubscribeRequestSchema, async ({ params }) => {
    subscribed.add(params.uri);
    setTimeout(() => void server.sendResourceUpdated({ uri: params.uri }).catch(() => {}), 20);
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });
  server.setRequestHandler(SetLevelRequestSchema, () => ({}));
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => {
    const values = ["paris", "park", "party"].filter((value) => value.startsWith(params.argument.value));
    return { completion: { values, total: values.length, hasMore: false } };
  });
  return server;
}
