/** The backends of the matrix: one for each schema that answers chats, and a second one where models differ much. */

import type { EndpointName } from "../../src/dialects/passage.ts";
import { awsChunk, awsEvent, bytesOf } from "../../src/dialects/testing.ts";
import type { Schema } from "../../src/model/ai.ts";

export interface MatrixBackend {
  /** As it stands in the names of golden files. */
  readonly name: string;
  readonly schema: Schema;
  readonly model: string;
  /** The API that it is spoken to in; names the fixtures of its answers. */
  readonly api: "openai" | "anthropic" | "bedrock" | "gemini";
  /** The client that speaks the same API: its bytes pass. */
  readonly own?: EndpointName;
  /** Another client whose bytes pass, to an API that has no fixtures here. */
  readonly passes?: EndpointName;
  readonly contentType: string;
  /** A fixture as the backend would send it. */
  frame(fixture: string): Uint8Array;
}

const sse = { contentType: "text/event-stream", frame: bytesOf };
const awsFrames = "application/vnd.amazon.eventstream";

export const backends: readonly MatrixBackend[] = [
  {
    name: "openai",
    schema: { name: "OpenAI" },
    model: "gpt-5",
    api: "openai",
    own: "chat",
    passes: "responses",
    ...sse,
  },
  {
    name: "azure",
    schema: { name: "AzureOpenAI", version: "2025-04-01-preview" },
    model: "gpt-5",
    api: "openai",
    own: "chat",
    passes: "responses",
    ...sse,
  },
  {
    name: "anthropic",
    schema: { name: "Anthropic" },
    model: "claude-sonnet-5",
    api: "anthropic",
    own: "messages",
    ...sse,
  },
  {
    name: "anthropic-3.5",
    schema: { name: "Anthropic" },
    model: "claude-3-5-haiku",
    api: "anthropic",
    own: "messages",
    ...sse,
  },
  {
    name: "gcpanthropic",
    schema: { name: "GCPAnthropic" },
    model: "claude-sonnet-4-5@20250929",
    api: "anthropic",
    own: "messages",
    ...sse,
  },
  {
    name: "awsanthropic",
    schema: { name: "AWSAnthropic" },
    model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    api: "anthropic",
    own: "messages",
    contentType: awsFrames,
    frame: (fixture) => Buffer.concat(eventsIn(fixture).map(awsChunk)),
  },
  {
    name: "bedrock",
    schema: { name: "AWSBedrock" },
    model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    api: "bedrock",
    contentType: awsFrames,
    frame: frameBedrock,
  },
  {
    name: "bedrock-nova",
    schema: { name: "AWSBedrock" },
    model: "amazon.nova-pro-v1:0",
    api: "bedrock",
    contentType: awsFrames,
    frame: frameBedrock,
  },
  { name: "gemini", schema: { name: "GCPVertexAI" }, model: "gemini-3-pro-preview", api: "gemini", ...sse },
  { name: "gemini-2.0", schema: { name: "GCPVertexAI" }, model: "gemini-2.0-flash", api: "gemini", ...sse },
];

/** The data of a fixture of server-sent events, each on one line. */
function eventsIn(fixture: string): object[] {
  return [...fixture.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as object);
}

/** A frame a line: the type of the event, or of an exception with `!` before it, and the payload. */
function frameBedrock(fixture: string): Uint8Array {
  const lines = [...fixture.matchAll(/^(!?)(\w+) (.*)$/gm)];
  return Buffer.concat(
    lines.map(([, isException, type, payload]) =>
      awsEvent(type!, JSON.parse(payload!) as object, isException ? "exception" : "event"),
    ),
  );
}
