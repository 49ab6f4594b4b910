/**
 * Every client's requests written for every other backend, and every backend's streams written for every other client:
 * one golden file each. `UPDATE_GOLDEN=1 bun test matrix` writes them anew; look at the difference before it goes in.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Schema } from "../model/ai.ts";
import { ExchangeFailure } from "../model/failure.ts";
import { anthropicBackend } from "./anthropic/backend.ts";
import { anthropicClient } from "./anthropic/client.ts";
import { nativeHost } from "./anthropic/hosts.ts";
import type { BackendDialect, ClientDialect, Host } from "./dialect.ts";
import { openaiChatBackend } from "./openai-chat/backend.ts";
import { openaiChatClient } from "./openai-chat/client.ts";
import { openaiHost } from "./openai-chat/hosts.ts";
import type { EndpointName, Meter, Passage } from "./passage.ts";
import { bytesOf, clientRequest, cutEverywhere, deepFreeze, runStage } from "./testing.ts";
import { translate } from "./translate.ts";

const dir = join(import.meta.dirname, "matrix");

/** `own`: the client that speaks the backend's API, whose bytes pass instead. */
const backends: {
  name: string;
  dialect: BackendDialect;
  host: Host;
  schema: Schema;
  model: string;
  own: EndpointName;
}[] = [
  {
    name: "anthropic",
    dialect: anthropicBackend,
    host: nativeHost,
    schema: { name: "Anthropic", prefix: "v1" },
    model: "claude-sonnet-5",
    own: "messages",
  },
  {
    name: "anthropic-old",
    dialect: anthropicBackend,
    host: nativeHost,
    schema: { name: "Anthropic", prefix: "v1" },
    model: "claude-3-5-haiku",
    own: "messages",
  },
  {
    name: "openai",
    dialect: openaiChatBackend,
    host: openaiHost,
    schema: { name: "OpenAI", prefix: "v1" },
    model: "gpt-5",
    own: "chat",
  },
];
const clients: { name: EndpointName; dialect: ClientDialect }[] = [
  { name: "chat", dialect: openaiChatClient },
  { name: "messages", dialect: anthropicClient },
];

const clock = { nowMs: () => 1_750_000_000_000, newId: (prefix: string) => `${prefix}1` };
const meter: Meter = { usage() {}, model() {}, firstToken() {}, complete() {}, failed() {} };

const pairs = clients.flatMap((client) =>
  backends
    .filter((backend) => backend.own !== client.name)
    .map((backend) => ({
      client,
      backend,
      passage: translate(client.dialect, backend.dialect, backend.host, clock),
    })),
);

function filesOf(folder: string, owner: string): string[] {
  return readdirSync(join(dir, folder))
    .filter((file) => file.startsWith(`${owner}.`))
    .sort();
}

function caseOf(file: string): string {
  return file.split(".")[1] ?? "";
}

function expectGolden(name: string, got: string): void {
  const path = join(dir, "golden", name);
  if (process.env["UPDATE_GOLDEN"] || !existsSync(path)) {
    if (process.env["CI"]) throw new Error(`${name} is missing`);
    writeFileSync(path, got);
  }
  expect(got).toBe(readFileSync(path, "utf8"));
}

describe("requests", () => {
  const cases = pairs.flatMap((pair) =>
    filesOf("requests", pair.client.name).map((file) => ({ ...pair, file })),
  );
  test("are there", () => expect(cases.length).toBeGreaterThan(10));

  test.each(
    cases.map((item): [string, (typeof cases)[number]] => [
      `${item.client.name}.${caseOf(item.file)}.${item.backend.name}`,
      item,
    ]),
  )("%s", (name, { client, backend, passage, file }) => {
    const request = deepFreeze(clientRequest(client.name, readFileSync(join(dir, "requests", file), "utf8")));
    const target = deepFreeze({ schema: backend.schema, model: backend.model });
    expectGolden(
      `${name}.json`,
      writtenRequest(() => passage.request(request, target)),
    );
  });
});

function writtenRequest(write: () => ReturnType<Passage["request"]>): string {
  try {
    const { path, set, remove, body, warnings } = write();
    const lines = [
      path,
      ...set.map(([name, value]) => `${name}: ${value}`),
      ...remove.map((name) => `-${name}`),
    ];
    const said = (warnings ?? []).map((warning) => `${warning.level} ${warning.path}: ${warning.message}`);
    return JSON.stringify({ request: lines, warnings: said, body: "BODY" }, null, 1).replace(
      '"BODY"',
      spacedOut(new TextDecoder().decode(body)),
    );
  } catch (error) {
    if (!(error instanceof ExchangeFailure)) throw error;
    return JSON.stringify({ refused: { code: error.code, message: error.message } }, null, 1);
  }
}

/** A line for each member and item at the top, so that differences can be read; numbers stay as they are. */
function spacedOut(json: string): string {
  let depth = 0;
  let isText = false;
  let out = "";
  for (let at = 0; at < json.length; at++) {
    const character = json[at]!;
    if (isText) {
      out += character === "\\" ? character + json[++at] : character;
      isText = character !== '"';
      continue;
    }
    isText = character === '"';
    if (character === "{" || character === "[") depth++;
    if (character === "}" || character === "]") depth--;
    out += character;
    if (character === "," && depth <= 2) out += `\n${"  ".repeat(depth)}`;
  }
  return out;
}

describe("streams", () => {
  const cases = pairs.flatMap((pair) =>
    filesOf("answers", pair.backend.name).map((file) => ({ ...pair, file })),
  );
  test("are there", () => expect(cases.length).toBeGreaterThan(5));

  test.each(
    cases.map((item): [string, (typeof cases)[number]] => [
      `${item.backend.name}.${caseOf(item.file)}.${item.client.name}`,
      item,
    ]),
  )("%s, cut anywhere", (name, { client, backend, passage, file }) => {
    const body = bytesOf(readFileSync(join(dir, "answers", file), "utf8"));
    const play = (pieces: Uint8Array[]) => {
      const request = clientRequest(client.name, {
        model: "m",
        max_tokens: 9,
        stream: true,
        messages: [],
        stream_options: { include_usage: true },
      });
      const head = {
        status: 200,
        headers: new Headers({ "content-type": "text/event-stream" }),
        isEncoded: false,
      };
      const plan = passage
        .answer(request, { schema: backend.schema, model: backend.model }, meter)
        .success(head);
      if (plan.type !== "rewrite") throw new Error("not translated");
      return Buffer.concat(runStage(plan.stage, pieces)).toString();
    };
    const whole = play([body]);
    for (const pieces of cutEverywhere(body)) expect(play(pieces)).toBe(whole);
    expectGolden(`${name}.txt`, whole);
  });
});
