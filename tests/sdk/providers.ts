/**
 * All providers behind one port: `@copilotkit/aimock`, which reads each API by code of its own, behind a server that
 * keeps what was sent and sees who leaves early.
 */
import { LLMock } from "@copilotkit/aimock";
import { awsChunk } from "../../src/dialects/testing.ts";
import type { JudgedBody, PublishedType } from "../support/published-types.ts";

export const greeting = "Hello! What can I do for you?";
export const weather = "Paris is sunny, Rome is not.";
export const calls = [
  { name: "get_weather", arguments: '{"city":"Paris"}' },
  { name: "get_weather", arguments: '{"city":"Rome"}' },
];
export const sum = { answer: 42 };

export interface Providers extends AsyncDisposable {
  readonly url: string;
  /** What was sent since the last look, as the types of its provider see it. */
  takeBodies(): JudgedBody[];
  /** Resolves when the next request is given up by the gateway. */
  nextAbort(): Promise<void>;
}

const paths: { readonly pattern: RegExp; readonly type: PublishedType }[] = [
  { pattern: /\/chat\/completions/, type: "chat" },
  { pattern: /\/responses$/, type: "responses" },
  { pattern: /^\/v1\/messages$/, type: "messagesWithDials" },
  { pattern: /publishers\/anthropic\/models\/([^:]+):(?:streamR|r)awPredict$/, type: "messagesOnVertex" },
  { pattern: /\/invoke(?:-with-response-stream)?$/, type: "messagesOnBedrock" },
  { pattern: /\/converse(?:-stream)?$/, type: "converse" },
  { pattern: /[gG]enerateContent/, type: "generateContent" },
];

export async function startProviders(port: number): Promise<Providers> {
  const mock = startMock();
  await mock.start();
  const bodies: JudgedBody[] = [];
  let onAbort = () => {};
  const server = Bun.serve({
    port,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      request.signal.addEventListener("abort", () => onAbort());
      const { pathname, search } = new URL(request.url);
      const json = await request.text();
      const known = paths.find(({ pattern }) => pattern.test(pathname));
      if (known === undefined) return new Response(`no provider has ${pathname}`, { status: 404 });
      bodies.push({ name: `${known.type}-${bodies.length}`, type: known.type, json });
      const headers = new Headers(request.headers);
      const ask = (path: string, body: string) =>
        fetch(mock.url + path, { method: "POST", headers, body, signal: request.signal });
      if (!known.type.startsWith("messagesOn")) return ask(pathname + search, json);
      const isStream = /stream/i.test(pathname);
      // Both are Anthropic's own API in another envelope, which the mock does not have, or not as AWS sends it.
      headers.set("anthropic-version", "2023-06-01");
      const message = { ...JSON.parse(json), model: "claude", stream: isStream };
      const answer = await ask("/v1/messages", JSON.stringify(message));
      if (known.type === "messagesOnVertex" || !isStream || answer.body === null) return answer;
      const body = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(framesOfEvents());
      return new Response(body, { headers: { "content-type": "application/vnd.amazon.eventstream" } });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    takeBodies: () => bodies.splice(0),
    nextAbort: () => new Promise((resolve) => (onAbort = resolve)),
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await mock.stop();
    },
  };
}

/** Server-sent events into frames of InvokeModelWithResponseStream. */
function framesOfEvents(): TransformStream<string, Uint8Array> {
  let text = "";
  return new TransformStream({
    transform(piece, controller) {
      text += piece;
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        if (data !== undefined) controller.enqueue(awsChunk(JSON.parse(data)));
        text = text.slice(end + 2);
      }
    },
  });
}

function startMock(): LLMock {
  const mock = new LLMock({ port: 0, host: "127.0.0.1", chunkSize: 7 });
  // The more special comes first: after a tool's result the question is still in the conversation.
  mock.on({ userMessage: "weather", toolResultContains: "cloudy" }, { content: weather });
  mock.onMessage("weather", { toolCalls: calls });
  // Where a schema travels as a tool, the answer is a call of it.
  for (const name of ["sum", "response", "json", "extract"]) {
    const predicate = offers(name);
    mock.on({ userMessage: "Sum", predicate }, { toolCalls: [{ name, arguments: JSON.stringify(sum) }] });
  }
  mock.onMessage("Sum", { content: JSON.stringify(sum) });
  mock.onMessage("slowly", { content: greeting.repeat(40) }, { latency: 50 });
  mock.onMessage("too much", { error: { message: "Slow down", type: "rate_limit_error" }, status: 429 });
  mock.onMessage("Think", { content: greeting, reasoning: "They greet me.", reasoningSignature: "c2ln" });
  mock.onMessage("hello", { content: greeting });
  return mock;
}

function offers(name: string) {
  return (request: { tools?: { function: { name: string } }[] }) =>
    request.tools?.some((tool) => tool.function.name === name) ?? false;
}
