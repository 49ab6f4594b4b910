/** A client of the era without sessions that says exactly what it is told to. */
export const meta = "io.modelcontextprotocol/";
const version = "2026-07-28";

export interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly [member: string]: unknown };
  readonly result?: { readonly [member: string]: unknown };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

export interface AskOptions {
  /** Over those that belong to the request; an empty one is left out. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly version?: string;
  readonly capabilities?: object;
  /** Instead of what requests say of their client. */
  readonly meta?: object;
  readonly id?: string | number;
  readonly signal?: AbortSignal;
}

function post(url: string, method: string, params: object, options: AskOptions): Promise<Response> {
  const {
    headers = {},
    capabilities = { elicitation: {}, sampling: {}, roots: {} },
    id = 1,
    signal,
  } = options;
  const wanted = options.version ?? version;
  const { _meta: more, ...rest } = params as { _meta?: object };
  const own = options.meta ?? {
    [`${meta}protocolVersion`]: wanted,
    [`${meta}clientCapabilities`]: capabilities,
    [`${meta}clientInfo`]: { name: "tests", version: "1" },
  };
  const named = params as { name?: string; uri?: string };
  const name = /^(tools\/call|prompts\/get)$/.test(method)
    ? named.name
    : method === "resources/read"
      ? named.uri
      : undefined;
  const all: Record<string, string> = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": wanted,
    "mcp-method": method,
    ...(name === undefined ? {} : { "mcp-name": name }),
    ...headers,
  };
  return fetch(url, {
    method: "POST",
    headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== "")),
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...rest, _meta: { ...own, ...more } } }),
    ...(signal === undefined ? {} : { signal }),
  });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly messages: readonly Message[];
  readonly last: Message;
}

export async function askRaw(
  url: string,
  method: string,
  params: object = {},
  options: AskOptions = {},
): Promise<RawAnswer> {
  const response = await post(url, method, params, options);
  const text = await response.text();
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  const messages = isStream ? text.split("\n\n").flatMap(readEvent) : [JSON.parse(text) as Message];
  return { status: response.status, headers: response.headers, messages, last: messages.at(-1) ?? {} };
}

export async function ask(
  url: string,
  method: string,
  params: object = {},
  options: AskOptions = {},
): Promise<Message> {
  return (await askRaw(url, method, params, options)).last;
}

function readEvent(event: string): Message[] {
  const data = event.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []));
  return data.length === 0 ? [] : [JSON.parse(data.join("\n")) as Message];
}

export interface Listening extends AsyncDisposable {
  next(): Promise<Message>;
}

/** The stream of `subscriptions/listen`. */
export async function listen(url: string, notifications: object): Promise<Listening> {
  const stop = new AbortController();
  const response = await post(
    url,
    "subscriptions/listen",
    { notifications },
    { id: "listen-1", signal: stop.signal },
  );
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const waiting: Message[] = [];
  let rest = "";
  return {
    async next() {
      for (;;) {
        const message = waiting.shift();
        if (message !== undefined) return message;
        const read = await reader?.read();
        if (read === undefined || read.done) throw new Error("the stream has ended");
        const events = (rest + read.value).split("\n\n");
        rest = events.pop() ?? "";
        waiting.push(...events.flatMap(readEvent));
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
    },
  };
}
