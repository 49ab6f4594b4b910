/** A gateway under load whose file is edited all the time, well and badly: no request may notice. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aiRoute, backend, gateway, httpRoute, ref, resource, yaml } from "../routes/documents.ts";
import { envoyPath } from "../support/envoy.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { residentMb } from "../support/memory.ts";
import { freePort } from "../support/ports.ts";
import type { Program } from "../support/program.ts";
import { readEvents, sseResponse, sseText } from "../support/sse.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

export interface SoakOptions {
  readonly engine: "embedded" | "envoy";
  readonly seconds: number;
  readonly connections: number;
  readonly editEveryMs: number;
  readonly program: Program;
  /** Told once a second how it goes. */
  report?(line: string): void;
}

export interface SoakResult {
  readonly requests: number;
  readonly streams: number;
  readonly edits: number;
  readonly reloads: number;
  readonly refusals: number;
  readonly failures: readonly string[];
  /** Of the gateway's process, once a second. */
  readonly memoryMb: readonly number[];
}

/** A stream has so many events; it is longer than the pause between two edits. */
const events = 15;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const upstreams = ["one", "two"].map((name) => startUpstream(({ text }) => answer(name, text)));
  const port = freePort();
  const keyFile = "key.txt";
  const text = (edit: number) => configuration(edit, port, upstreams, keyFile);
  const own = options.engine === "envoy" ? [`--envoy-path=${envoyPath}`] : [];
  await using running = await startGateway({
    program: options.program,
    config: text(0),
    flags: [`--engine=${options.engine}`, ...own],
  });
  writeFileSync(join(running.home, keyFile), "sk-0");
  const load = new Load(running);
  const clients = Array.from({ length: options.connections }, (_, index) => load.client(index % 2 === 1));
  const memoryMb: number[] = [];
  let edits = 0;
  const until = performance.now() + options.seconds * 1000;
  let sampledAt = 0;
  while (performance.now() < until) {
    await Bun.sleep(options.editEveryMs);
    write(running, text(++edits), edits, keyFile);
    if (performance.now() < sampledAt + 1000) continue;
    sampledAt = performance.now();
    memoryMb.push(residentMb(running.pid));
    options.report?.(
      `${load.requests} requests, ${load.failures.length} failed, ${memoryMb.at(-1)?.toFixed(0)} MB`,
    );
  }
  load.isOver = true;
  await Promise.all(clients);
  for (const upstream of upstreams) upstream[Symbol.dispose]();
  const count = (words: string) => running.stderr().split(words).length - 1;
  return {
    requests: load.requests,
    streams: load.streams,
    edits,
    reloads: count("configuration reloaded from"),
    refusals: count("configuration not reloaded"),
    failures: load.failures,
    memoryMb,
  };
}

/** By a rename as editors do, in place as careless tools do; a secret's file every fifth time. */
function write({ home }: Gateway, text: string, edit: number, keyFile: string): void {
  const path = join(home, "config.yaml");
  if (edit % 5 === 0) writeFileSync(join(home, keyFile), `sk-${edit}`);
  const isInPlace = edit % 2 === 0;
  writeFileSync(isInPlace ? path : `${path}.new`, text);
  if (!isInPlace) renameSync(`${path}.new`, path);
}

/** Rules come, go and move, backends and time limits change; every third edit is one that cannot be. */
function configuration(edit: number, port: number, upstreams: readonly Upstream[], keyFile: string): string {
  const [first, second] = edit % 2 === 0 ? upstreams : upstreams.toReversed();
  const rules = [
    {
      matches: [{ path: { value: "/plain" } }],
      backendRefs: [ref("other")],
      timeouts: { request: `${30 + edit}s` },
    },
  ];
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "key", annotations: { "substitution.aigw.run/file/apiKey": keyFile } },
    stringData: { apiKey: "unset" },
  };
  const text = yaml(
    ...gateway(port),
    ...(edit % 4 === 0 ? [] : aiRoute("a-guest", [`guest-${edit}`], "guest")),
    ...(edit % 4 === 0 ? [] : [backend("guest", 9)]),
    ...aiRoute("models", ["m", `m-${edit % 7}`], "main"),
    httpRoute(
      "plain",
      edit % 2 === 0
        ? rules
        : [{ matches: [{ path: { value: "/new" } }], backendRefs: [ref("other")] }, ...rules],
    ),
    backend("main", first?.port ?? 0),
    backend("other", second?.port ?? 0),
    resource("aigateway.envoyproxy.io/v1beta1", "BackendSecurityPolicy", "key", {
      targetRefs: [{ group: "aigateway.envoyproxy.io", kind: "AIServiceBackend", name: "main" }],
      type: "APIKey",
      apiKey: { secretRef: { name: "key" } },
    }),
    secret,
  );
  if (edit % 3 !== 0 || edit === 0) return text;
  return edit % 2 === 0
    ? text.slice(0, -40)
    : text.replace('"kind":"AIServiceBackend"', '"kind":"AIServiceBackendd"');
}

function answer(name: string, text: string): Response {
  if (!text.includes('"stream":true')) return Response.json({ choices: [], from: name });
  const pieces = Array.from({ length: events }, (_, index) =>
    sseText({ choices: [{ index: 0, delta: { content: `${index} ` } }] }),
  );
  return sseResponse([...pieces, sseText("[DONE]")], 100);
}

class Load {
  readonly #gateway: Gateway;
  readonly failures: string[] = [];
  requests = 0;
  streams = 0;
  isOver = false;

  constructor(running: Gateway) {
    this.#gateway = running;
  }

  /** One after the other until it is over. */
  async client(isStreaming: boolean): Promise<void> {
    for (let turn = 0; !this.isOver; turn++) {
      const isPlain = !isStreaming && turn % 3 === 0;
      try {
        const problem = isPlain ? await this.#plain() : await this.#chat(isStreaming);
        if (problem !== undefined) this.failures.push(problem);
      } catch (error) {
        this.failures.push(String(error));
      }
      this.requests += 1;
      await Bun.sleep(5);
    }
  }

  async #plain(): Promise<string | undefined> {
    const answer = await fetch(`${this.#gateway.url}/plain`);
    const text = await answer.text();
    return answer.ok ? undefined : `plain ${answer.status} ${text}`;
  }

  async #chat(stream: boolean): Promise<string | undefined> {
    const response = await fetch(`${this.#gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "m", messages: [], stream }),
    });
    if (!response.ok || response.body === null) return `chat ${response.status} ${await response.text()}`;
    if (!stream) {
      await response.text();
      return undefined;
    }
    this.streams += 1;
    const read = await Array.fromAsync(readEvents(response.body));
    const isWhole = read.length === events + 1 && read.at(-1) === "[DONE]";
    return isWhole ? undefined : `a stream ended after ${read.length} events: ${read.at(-1)}`;
  }
}
