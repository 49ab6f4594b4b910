/** Clients as the official SDK makes them, and what they were asked and told. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  type ClientCapabilities,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  type Notification,
} from "@modelcontextprotocol/sdk/types.js";

export interface TestClient extends AsyncDisposable {
  readonly client: Client;
  readonly transport: StreamableHTTPClientTransport;
  readonly notifications: Notification[];
  /** Params of the requests that servers made. */
  readonly asked: unknown[];
}

export async function connectClient(
  url: string,
  capabilities: ClientCapabilities = { roots: { listChanged: true }, sampling: {}, elicitation: {} },
): Promise<TestClient> {
  const client = new Client({ name: "tests", version: "1.0.0" }, { capabilities });
  const notifications: Notification[] = [];
  const asked: unknown[] = [];
  client.fallbackNotificationHandler = async (notification) => void notifications.push(notification);
  if (capabilities.sampling !== undefined) {
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
      asked.push(params);
      return { role: "assistant", model: "m", content: { type: "text", text: "sampled" } };
    });
  }
  if (capabilities.elicitation !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params);
      return { action: "accept", content: { username: "u", email: "e" } };
    });
  }
  if (capabilities.roots !== undefined) {
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: "file:///home" }] }));
  }
  const transport = new StreamableHTTPClientTransport(new URL(url));
  await client.connect(transport);
  return {
    client,
    transport,
    notifications,
    asked,
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
}

/** The text of a tool's result. */
export function textOf(result: Awaited<ReturnType<Client["callTool"]>>): string {
  const [content] = result.content as { text?: string }[];
  return content?.text ?? "";
}

/** Waits until something is so, or throws after two seconds. */
export async function until(isSo: () => boolean): Promise<void> {
  const start = performance.now();
  while (!isSo()) {
    if (performance.now() - start > 2000) throw new Error("it did not become so");
    await Bun.sleep(5);
  }
}
