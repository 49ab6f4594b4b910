/** Providers for tests: one that answers by HTTP as told, one that does what no HTTP library would. */
import { createServer, type Socket } from "node:net";

/** A request as the upstream got it. */
export interface Seen {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Fires when the caller is gone. */
  readonly signal: AbortSignal;
}

export type Answer = (request: Seen) => Response | Promise<Response>;

export interface Upstream extends Disposable {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly seen: Seen[];
  /** How it answers from now on; one object is answered as JSON. */
  answerWith(answer: Answer | object): void;
}

export function startUpstream(first: Answer | object = {}): Upstream {
  const seen: Seen[] = [];
  let answer = toAnswer(first);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    maxRequestBodySize: 256 * 1024 * 1024,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const bytes = await request.bytes();
      const { method, headers, signal } = request;
      const one: Seen = {
        method,
        path: pathname + search,
        headers,
        signal,
        bytes,
        text: new TextDecoder().decode(bytes),
      };
      seen.push(one);
      return await answer(one);
    },
  });
  const port = server.port ?? 0;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    seen,
    answerWith(next) {
      answer = toAnswer(next);
    },
    [Symbol.dispose]: () => void server.stop(true),
  };
}

function toAnswer(answer: Answer | object): Answer {
  return typeof answer === "function" ? (answer as Answer) : () => Response.json(answer);
}

export interface RawUpstream extends AsyncDisposable {
  readonly url: string;
  /** How many requests have come. */
  readonly requests: number;
}

/** Calls `behave` for each request whose head has come, with the socket in its hands. */
export async function startRawUpstream(behave: (socket: Socket) => void): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    let head = "";
    socket.on("data", (piece) => {
      const hadHead = head.includes("\r\n\r\n");
      head += piece.toString("latin1");
      if (hadHead || !head.includes("\r\n\r\n")) return;
      requests++;
      behave(socket);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not bound");
  return {
    url: `http://127.0.0.1:${address.port}`,
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
