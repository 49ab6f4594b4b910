/**
 * Does what Envoy does with its two ext_proc filters, and nothing else: sends the messages that it would send, keeps to
 * its rules about the answers, and plays retries and upstreams from a script.
 */
import * as grpc from "@grpc/grpc-js";
import { fromStruct, type Json, processingRequest, processingResponse, toStruct } from "./messages.ts";

export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: readonly (string | Uint8Array)[];
  /** The last piece does not say that it is the last. */
  readonly hasTrailers?: boolean;
  /** The connection breaks behind the pieces. */
  readonly isCut?: boolean;
}

export interface ScriptedAttempt {
  readonly backend?: string;
  /** In place of the attributes of the backend's name. */
  readonly attributes?: { readonly [name: string]: Json };
  /** Answers by itself where it is not reached. */
  readonly answer: ScriptedAnswer | "unreachable";
}

export interface FakeRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
  readonly attempts?: readonly ScriptedAttempt[];
  /** What Envoy says where no attempt is made; 404 if nothing else. */
  readonly reply?: ScriptedAnswer & { readonly details?: string };
  /** Dynamic metadata that earlier filters have left, and that the cluster's filter forwards. */
  readonly metadata?: { readonly [namespace: string]: { readonly [key: string]: Json } };
  readonly isModeOverrideAllowed?: boolean;
  /** Whether the listener's filter asks who answered, as aigw's own configuration does. */
  readonly asksForDetails?: boolean;
  /** The client leaves when it has got so many pieces of the answer. */
  readonly leavesAfter?: number;
}

export interface SeenUpstream {
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
  readonly isReplaced: boolean;
}

export interface Seen {
  readonly upstream: readonly SeenUpstream[];
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  /** What the client got, piece by piece; swallowed pieces are not among them. */
  readonly pieces: readonly string[];
  readonly body: string;
  /** Dynamic metadata in the processor's namespace. */
  readonly metadata: { readonly [name: string]: Json };
  /** As the cluster's filter had it after each attempt. */
  readonly metadataByAttempt: readonly { readonly [name: string]: Json }[];
  readonly isRerouted: boolean;
  /** How the body of the response came: 1 streamed, 2 buffered. */
  readonly responseBodyMode: number;
  readonly details: string | undefined;
}

const streamed = 1;
const buffered = 2;
const namespace = "io.envoy.ai_gateway";
const hostBackend =
  "xds.upstream_host_metadata.filter_metadata['aigateway.envoy.io']['per_route_rule_backend_name']";

/** Headers in order, as a client or an upstream sent them. */
class HeaderMap {
  lines: [string, string][];
  constructor(lines: Iterable<readonly [string, string]>) {
    this.lines = [...lines].map(([name, value]) => [name, value]);
  }
  get(name: string): string | undefined {
    return this.lines.find(([other]) => other === name)?.[1];
  }
  delete(name: string): void {
    this.lines = this.lines.filter(([other]) => other !== name);
  }
  set(name: string, value: string): void {
    this.delete(name);
    this.lines.push([name, value]);
  }
  copy(): HeaderMap {
    return new HeaderMap(this.lines);
  }
  apply(mutation: HeaderMutation | undefined): void {
    for (const name of mutation?.removeHeaders ?? []) if (!isProtected(name)) this.delete(name);
    for (const { header, appendAction, keepEmptyValue } of mutation?.setHeaders ?? []) {
      if (appendAction !== 2) throw new Error(`append action ${appendAction}: only overwriting is expected`);
      const value = Buffer.from(header.rawValue ?? []).toString();
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what Envoy refuses.
      if (/[\u0000\r\n]/.test(value) || header.value !== undefined)
        throw new Error("Envoy refuses this header");
      if (!isProtected(header.key) && (value !== "" || keepEmptyValue)) this.set(header.key, value);
    }
  }
  message(): object {
    return { headers: this.lines.map(([key, value]) => ({ key, rawValue: Buffer.from(value) })) };
  }
  plain(): { [name: string]: string } {
    return Object.fromEntries(this.lines);
  }
}

/** Envoy's default rules: what a processor may not change. */
function isProtected(name: string): boolean {
  return /^(?:host|:authority|:method|:scheme|x-envoy.*)$/.test(name);
}

interface HeaderMutation {
  readonly removeHeaders?: readonly string[];
  readonly setHeaders?: readonly {
    readonly header: { readonly key: string; readonly value?: string; readonly rawValue?: Uint8Array };
    readonly appendAction?: number;
    readonly keepEmptyValue?: boolean;
  }[];
}

interface Common {
  readonly status?: number;
  readonly headerMutation?: HeaderMutation;
  readonly bodyMutation?: { readonly body?: Uint8Array };
  readonly clearRouteCache?: boolean;
}

interface Immediate {
  readonly status: { readonly code: number };
  readonly headers?: HeaderMutation;
  readonly body?: Uint8Array;
  readonly details?: string;
}

type Answer = {
  readonly [kind in "requestHeaders" | "requestBody" | "responseHeaders" | "responseBody"]?: {
    readonly response?: Common;
  };
} & {
  readonly responseTrailers?: object;
  readonly immediateResponse?: Immediate;
  readonly dynamicMetadata?: object;
  readonly modeOverride?: { readonly responseBodyMode?: number; readonly responseTrailerMode?: number };
};

/** The processor answered otherwise than with a message. */
export class StreamEnded extends Error {
  override readonly name = "StreamEnded";
}

/** One ext_proc stream; messages and answers in lock step. */
class FilterStream {
  readonly #call: grpc.ClientDuplexStream<object, Answer>;
  readonly #answers: Answer[] = [];
  #ended: StreamEnded | undefined;
  #wake = () => {};

  constructor(client: grpc.Client, metadata: { readonly [name: string]: string } = {}) {
    this.#call = client.makeBidiStreamRequest(
      "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
      processingRequest.encode,
      (bytes) => processingResponse.decode(bytes) as Answer,
      grpc.Metadata.fromHttp2Headers(metadata),
    );
    this.#call.on("data", (answer: Answer) => {
      this.#answers.push(answer);
      this.#wake();
    });
    const end = (reason: string) => {
      this.#ended ??= new StreamEnded(reason);
      this.#wake();
    };
    this.#call.on("error", (error: grpc.ServiceError) => end(`${error.code}: ${error.details}`));
    this.#call.on("end", () => end("closed"));
  }

  async ask(message: object): Promise<Answer> {
    this.#call.write(message);
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) return answer;
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** As Envoy does when it is through with a stream. */
  cancel(): void {
    this.#call.cancel();
  }
}

export class FakeEnvoy {
  readonly #client: grpc.Client;
  readonly #metadata: { readonly [name: string]: string };

  /** `metadata`: what the listener's filter says with its calls. */
  constructor(target: string, metadata: { readonly [name: string]: string } = {}) {
    this.#metadata = metadata;
    this.#client = new grpc.Client(target, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  close(): void {
    this.#client.close();
  }

  /** A stream to speak on by hand. */
  open(): FilterStream {
    return new FilterStream(this.#client);
  }

  async request(request: FakeRequest): Promise<Seen> {
    const run = new Run(this.#client, request, this.#metadata);
    try {
      return await run.play();
    } finally {
      run.end();
    }
  }
}

/** The way of one request. */
class Run {
  readonly #client: grpc.Client;
  readonly #request: FakeRequest;
  readonly #router: FilterStream;
  readonly #requestHeaders: HeaderMap;
  readonly #requestBody: Buffer;
  readonly #metadata: { [name: string]: Json } = {};
  readonly #metadataByAttempt: { [name: string]: Json }[] = [];
  readonly #upstream: SeenUpstream[] = [];
  #isRerouted = false;
  #responseBodyMode = buffered;
  #responseTrailers = false;
  #details: string | undefined;

  constructor(client: grpc.Client, request: FakeRequest, metadata: { readonly [name: string]: string }) {
    this.#client = client;
    this.#request = request;
    this.#router = new FilterStream(client, metadata);
    const { method = "POST", path = "/v1/chat/completions", headers = {}, body = "" } = request;
    this.#requestBody = Buffer.from(body);
    this.#requestHeaders = new HeaderMap([
      [":authority", "gateway.test:1975"],
      [":path", path],
      [":method", method],
      [":scheme", "http"],
      ["x-request-id", "req-1"],
      ...(this.#requestBody.length > 0
        ? ([
            ["content-type", "application/json"],
            ["content-length", String(this.#requestBody.length)],
          ] as [string, string][])
        : []),
    ]);
    for (const [name, value] of Object.entries(headers)) this.#requestHeaders.set(name, value);
  }

  end(): void {
    this.#router.cancel();
  }

  async play(): Promise<Seen> {
    const local = await this.#ask();
    if (local !== undefined) return this.#done(local.headers, [local.body]);
    const answer = (await this.#attempts()) ?? this.#ownReply();
    return this.#answer(answer.headers, answer.body, answer.script);
  }

  /** The listener's filter, request side. */
  async #ask(): Promise<Local | undefined> {
    const headers = await this.#router.ask({
      requestHeaders: {
        headers: this.#requestHeaders.message(),
        endOfStream: this.#requestBody.length === 0,
      },
      metadataContext: {},
      protocolConfig: { requestBodyMode: buffered, responseBodyMode: buffered },
    });
    if (headers.immediateResponse) return this.#local(headers.immediateResponse);
    this.#take(headers, this.#requestHeaders, headers.requestHeaders?.response);
    if (this.#requestBody.length === 0) return undefined;
    const body = await this.#router.ask({ requestBody: { body: this.#requestBody, endOfStream: true } });
    if (body.immediateResponse) return this.#local(body.immediateResponse);
    if (body.requestBody === undefined) throw new Error("the answer is not to the request's body");
    this.#take(body, this.#requestHeaders, body.requestBody.response);
    return undefined;
  }

  #take(answer: Answer, headers: HeaderMap, common: Common | undefined): void {
    headers.apply(common?.headerMutation);
    if (common?.clearRouteCache && common.headerMutation !== undefined) this.#isRerouted = true;
    this.#merge(answer.dynamicMetadata);
  }

  #merge(struct: object | undefined): void {
    if (struct === undefined) return;
    const own = fromStruct(struct)[namespace];
    if (typeof own === "object" && own !== null) Object.assign(this.#metadata, own);
  }

  #local(immediate: Immediate): Local {
    this.#details = immediate.details;
    const headers = new HeaderMap([
      [":status", String(immediate.status.code)],
      ["content-type", "text/plain"],
    ]);
    headers.apply(immediate.headers);
    const body = Buffer.from(immediate.body ?? []);
    headers.set("content-length", String(body.length));
    return { headers, body };
  }

  /** The cluster's filter once for each attempt; the last one's answer. Bad ones are tried again while there are more. */
  async #attempts(): Promise<Answered | undefined> {
    const attempts = this.#request.attempts ?? [];
    for (const [index, attempt] of attempts.entries()) {
      const local = await this.#attempt(attempt);
      this.#metadataByAttempt.push({ ...this.#metadata });
      // What a cluster's filter answers is not tried again.
      if (local !== undefined) return { ...local, body: [local.body], script: {} };
      const isLast = index === attempts.length - 1;
      if (attempt.answer === "unreachable") {
        if (isLast) return this.#unreachable();
      } else if (isLast || (attempt.answer.status ?? 200) < 500) {
        this.#details = "via_upstream";
        return scripted(attempt.answer);
      }
    }
    return undefined;
  }

  async #attempt({ backend = "", attributes }: ScriptedAttempt): Promise<Local | undefined> {
    const stream = new FilterStream(this.#client);
    try {
      const headers = this.#requestHeaders.copy();
      const filterMetadata = Object.fromEntries(
        Object.entries(this.#request.metadata ?? {}).map(([name, value]) => [
          name,
          toStruct(name === namespace ? { ...value, ...this.#metadata } : value),
        ]),
      );
      const answer = await stream.ask({
        requestHeaders: { headers: headers.message(), endOfStream: this.#requestBody.length === 0 },
        metadataContext: { filterMetadata },
        attributes: { "envoy.filters.http.ext_proc": toStruct(attributes ?? { [hostBackend]: backend }) },
        protocolConfig: {},
      });
      if (answer.immediateResponse) return this.#local(answer.immediateResponse);
      const common = answer.requestHeaders?.response;
      this.#take(answer, headers, common);
      const replaced = common?.bodyMutation?.body;
      const isReplaced = common?.status === 1;
      if (!isReplaced && replaced !== undefined)
        throw new Error("a body is replaced only with CONTINUE_AND_REPLACE");
      if (isReplaced) headers.set("content-length", String(this.#metadata["content_length"] ?? "missing"));
      const body = isReplaced ? Buffer.from(replaced ?? []) : this.#requestBody;
      if (isReplaced && headers.get("content-length") !== String(body.length))
        throw new Error("wrong content-length");
      const path = headers.get(":path") ?? "";
      this.#upstream.push({ path, headers: headers.plain(), body: body.toString(), isReplaced });
      return undefined;
    } finally {
      stream.cancel();
    }
  }

  #unreachable(): Answered {
    this.#details = "upstream_reset_before_response_started{remote_connection_failure}";
    return scripted({
      status: 503,
      headers: { "content-type": "text/plain" },
      body: ["upstream connect error or disconnect/reset before headers"],
    });
  }

  #ownReply(): Answered {
    const { reply = { status: 404, headers: { "content-type": "text/plain" }, body: ["No route."] } } =
      this.#request;
    this.#details = reply.details ?? "direct_response";
    return scripted(reply);
  }

  /** The listener's filter, response side. */
  async #answer(headers: HeaderMap, body: readonly Buffer[], script: ScriptedAnswer): Promise<Seen> {
    const isBodyless = body.length === 0;
    const answer = await this.#router.ask({
      responseHeaders: { headers: headers.message(), endOfStream: isBodyless },
      ...(this.#request.asksForDetails
        ? {
            attributes: {
              "envoy.filters.http.ext_proc": toStruct({ "response.code_details": this.#details ?? "" }),
            },
          }
        : {}),
    });
    if (answer.immediateResponse) {
      const local = this.#local(answer.immediateResponse);
      return this.#done(local.headers, [local.body]);
    }
    const common = answer.responseHeaders?.response;
    this.#take(answer, headers, common);
    if (answer.modeOverride !== undefined && this.#request.isModeOverrideAllowed !== false) {
      this.#responseBodyMode = answer.modeOverride.responseBodyMode ?? 0;
      this.#responseTrailers = answer.modeOverride.responseTrailerMode === 1;
    }
    if (common?.status === 1) {
      headers.delete("content-length");
      return this.#done(headers, [Buffer.from(common.bodyMutation?.body ?? [])]);
    }
    if (isBodyless) return this.#done(headers, []);
    return this.#responseBodyMode === buffered
      ? this.#buffered(headers, Buffer.concat(body), script)
      : this.#streamed(headers, body, script);
  }

  async #buffered(headers: HeaderMap, body: Buffer, { hasTrailers = false }: ScriptedAnswer): Promise<Seen> {
    const answer = await this.#router.ask({ responseBody: { body, endOfStream: !hasTrailers } });
    if (answer.immediateResponse) {
      const local = this.#local(answer.immediateResponse);
      return this.#done(local.headers, [local.body]);
    }
    const common = answer.responseBody?.response;
    this.#take(answer, headers, common);
    const sent = common?.bodyMutation === undefined ? body : Buffer.from(common.bodyMutation.body ?? []);
    const declared = headers.get("content-length");
    if (declared !== undefined && Number(declared) !== sent.length)
      throw new Error("Envoy answers 500: wrong content-length");
    return this.#done(headers, [sent]);
  }

  async #streamed(headers: HeaderMap, body: readonly Buffer[], script: ScriptedAnswer): Promise<Seen> {
    const { hasTrailers = false, isCut = false } = script;
    const got: Buffer[] = [];
    for (const [index, piece] of body.entries()) {
      const endOfStream = index === body.length - 1 && !hasTrailers && !isCut;
      const answer = await this.#router.ask({ responseBody: { body: piece, endOfStream } });
      const common = answer.responseBody?.response;
      if (answer.responseBody === undefined) throw new Error("the answer is not to the response's body");
      // Its head is gone: edits of it are ignored.
      this.#merge(answer.dynamicMetadata);
      const sent = common?.bodyMutation === undefined ? piece : Buffer.from(common.bodyMutation.body ?? []);
      if (sent.length > 0) got.push(sent);
      if (this.#request.leavesAfter !== undefined && got.length >= this.#request.leavesAfter) break;
    }
    if (hasTrailers && this.#responseTrailers) {
      const answer = await this.#router.ask({ responseTrailers: { trailers: { headers: [] } } });
      if (answer.responseTrailers === undefined) throw new Error("the answer is not to trailers");
      this.#merge(answer.dynamicMetadata);
    }
    return this.#done(headers, got);
  }

  #done(headers: HeaderMap, pieces: readonly Buffer[]): Seen {
    return {
      upstream: this.#upstream,
      status: Number(headers.get(":status")),
      headers: headers.plain(),
      pieces: pieces.map(String),
      body: Buffer.concat(pieces).toString(),
      metadata: this.#metadata,
      metadataByAttempt: this.#metadataByAttempt,
      isRerouted: this.#isRerouted,
      responseBodyMode: this.#responseBodyMode,
      details: this.#details,
    };
  }
}

interface Local {
  readonly headers: HeaderMap;
  readonly body: Buffer;
}

interface Answered {
  readonly headers: HeaderMap;
  readonly body: readonly Buffer[];
  readonly script: ScriptedAnswer;
}

function scripted(script: ScriptedAnswer): Answered {
  const { status = 200, headers = { "content-type": "application/json" }, body = [] } = script;
  const map = new HeaderMap([[":status", String(status)], ...Object.entries(headers)]);
  return { headers: map, body: body.map((piece) => Buffer.from(piece)), script };
}

export { buffered, streamed };
