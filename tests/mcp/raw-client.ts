/** A client that sends what it is told, and shows what comes. */

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The last message. */
  readonly message: {
    id?: unknown;
    result?: Record<string, unknown>;
    error?: { code: number; message: string; data?: unknown };
  };
}

const clientInfo = { name: "raw", version: "1" };

export class RawClient {
  readonly url: string;
  session: string | undefined;
  headers: Record<string, string> = {};

  constructor(url: string) {
    this.url = url;
  }

  /** Begins a session. */
  async open(capabilities: object = {}, more: object = {}): Promise<Answer> {
    const params = { protocolVersion: "2025-11-25", capabilities, clientInfo, ...more };
    const answer = await this.send({ jsonrpc: "2.0", id: "init", method: "initialize", params });
    this.session = answer.headers.get("mcp-session-id") ?? undefined;
    return answer;
  }

  call(method: string, params: object = {}, id: unknown = 1): Promise<Answer> {
    return this.send({ jsonrpc: "2.0", id, method, params });
  }

  async send(message: object | string, init: RequestInit = {}): Promise<Answer> {
    const body = typeof message === "string" ? message : JSON.stringify(message);
    return read(await this.fetch({ method: "POST", body, ...init }));
  }

  fetch(init: RequestInit): Promise<Response> {
    const headers = new Headers({
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(this.session === undefined ? {} : { "mcp-session-id": this.session }),
      ...this.headers,
    });
    new Headers(init.headers).forEach((value, name) => {
      headers.set(name, value);
    });
    return fetch(this.url, { ...init, headers });
  }
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const { status, headers } = response;
  const last =
    text.startsWith("event:") || text.startsWith(":")
      ? [...text.matchAll(/^data: (.*)$/gm)].at(-1)?.[1]
      : text;
  let message: Answer["message"] = {};
  try {
    message = JSON.parse(last ?? "");
  } catch {
    // Not every answer is a message.
  }
  return { status, headers, text, message };
}
