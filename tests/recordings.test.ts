/**
 * Recordings of the real OpenAI and Azure APIs, played through the gateway: the provider gets what the client said,
 * and the client gets what the provider said. The recordings lie outside the repository, where AIGW_RECORDINGS says or in
 * ../shared/recordings; without them these tests are skipped.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseDocument } from "yaml";
import type { Gateway } from "./support/gateway.ts";
import { root } from "./support/program.ts";
import { readEvents } from "./support/sse.ts";
import { startLimitMs, startWith } from "./support/start.ts";
import { startUpstream, type Upstream } from "./support/upstream.ts";

const folder = process.env["AIGW_RECORDINGS"] ?? join(root, "../shared/recordings");
const hasRecordings = existsSync(folder);
if (!hasRecordings) console.log(`skipped: the recordings, for there is no ${folder}`);

interface Recording {
  readonly name: string;
  readonly request: Message & { readonly url: string; readonly method: string };
  readonly response: Message & { readonly code: number };
}

interface Message {
  readonly body: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

const recordings: readonly Recording[] = hasRecordings
  ? readdirSync(folder)
      .filter((file) => file.endsWith(".yaml"))
      .sort()
      .map(readRecording)
  : [];

function readRecording(file: string): Recording {
  const text = readFileSync(join(folder, file), "utf8");
  const { interactions } = parseDocument(text).toJS() as { interactions: Omit<Recording, "name">[] };
  const [first] = interactions;
  if (first === undefined) throw new Error(`${file} has no interaction`);
  return { ...first, name: basename(file, ".yaml") };
}

const encodings = ["identity", "gzip"] as const;
const cases = recordings.flatMap((recording) =>
  encodings.map((encoding) => ({ name: recording.name, recording, encoding })),
);

/** Forms were not recorded; any will do. */
const form = {
  contentType: "multipart/form-data; boundary=recorded",
  body: [
    '--recorded\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n',
    '--recorded\r\ncontent-disposition: form-data; name="file"; filename="a.mp3"\r\ncontent-type: audio/mpeg\r\n\r\n',
    "\u0001\u0002\r\n--recorded--\r\n",
  ].join(""),
};

describe.skipIf(!hasRecordings)("a recording of a provider passes in both directions:", () => {
  let upstream: Upstream;
  let openAi: Gateway;
  let azure: Gateway;

  beforeAll(async () => {
    upstream = startUpstream();
    const any = { rules: [{ backends: ["up"] }] };
    const { url } = upstream;
    openAi = await startWith([{ name: "up", url }], any);
    azure = await startWith([{ name: "up", url, schema: "AzureOpenAI", version: "2024-12-01-preview" }], any);
  }, startLimitMs);
  afterAll(async () => {
    await openAi?.[Symbol.asyncDispose]();
    await azure?.[Symbol.asyncDispose]();
    upstream?.[Symbol.dispose]();
  });

  test("there are recordings of every kind", () => {
    expect(recordings.length).toBeGreaterThan(40);
    expect(recordings.filter(({ response }) => isStream(response)).length).toBeGreaterThan(4);
  });

  test.each(cases)("$name, $encoding", async ({ recording: { request, response }, encoding }) => {
    upstream.answerWith(() => play(response, encoding));
    const calls = upstream.seen.length;
    const { pathname, hostname } = new URL(request.url);
    const isAzure = hostname.endsWith(".azure.com");
    const isForm = contentTypeOf(request).startsWith("multipart/");
    const sent = isForm ? form : { contentType: contentTypeOf(request), body: request.body };
    const answer = await fetch(
      (isAzure ? azure : openAi).url + pathname.replace(/^\/openai\/deployments\/[^/]+/, "/v1"),
      {
        method: request.method,
        body: sent.body,
        headers: { "content-type": sent.contentType, "accept-encoding": encoding },
      },
    );
    const seen = upstream.seen[calls];

    expect(answer.status).toBe(response.code);
    // What the gateway refuses itself with the provider's own status does not reach it.
    if (seen === undefined) return expect(answer.status).toBe(400);
    expect([seen.method, seen.path]).toEqual([
      request.method,
      isAzure ? `${pathname}?api-version=2024-12-01-preview` : pathname,
    ]);
    if (isForm) expect(seen.text).toBe(sent.body);
    else expect(withoutForcedUsage(seen.text, sent.body)).toEqual(JSON.parse(sent.body));

    expect(answer.headers.get("content-type")).toBe(contentTypeOf(response));
    if (isStream(response))
      expect(await eventsOf(answer)).toEqual(await eventsOf(new Response(response.body)));
    else expect(await answer.json()).toEqual(JSON.parse(response.body));
  });
});

function contentTypeOf({ headers }: Message): string {
  return headers["Content-Type"]?.[0] ?? "";
}

function isStream(response: Message): boolean {
  return contentTypeOf(response).startsWith("text/event-stream");
}

/** In small pieces, so that events and characters are cut. */
function play(response: Recording["response"], encoding: (typeof encodings)[number]): Response {
  const text = new TextEncoder().encode(response.body);
  const bytes = encoding === "gzip" ? Bun.gzipSync(text) : text;
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + 1001));
      at += 1001;
    },
  });
  const headers = {
    "content-type": contentTypeOf(response),
    ...(encoding === "gzip" && { "content-encoding": "gzip" }),
  };
  return new Response(body, { status: response.code, headers });
}

async function eventsOf(answer: Response): Promise<unknown[]> {
  const events = await Array.fromAsync(readEvents(answer.body ?? new ReadableStream()));
  return events.map((event) => (event === "[DONE]" ? event : (JSON.parse(event) as unknown)));
}

/** The gateway asks for the usage of a stream where the client did not. */
function withoutForcedUsage(seen: string, sent: string): unknown {
  const { stream_options, ...rest } = JSON.parse(seen) as { stream_options?: unknown };
  if (sent.includes("stream_options")) return { ...rest, stream_options };
  if (stream_options !== undefined) expect(stream_options).toEqual({ include_usage: true });
  return rest;
}
