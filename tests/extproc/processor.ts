/** A processor on a socket of its own, with backends for every situation that tests want. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CallServer,
  Processor,
  readGrpcAddress,
  startCallServer,
} from "../../src/engines/extproc/index.ts";
import type { Settled } from "../../src/exchange/settled.ts";
import type { AiBackend, SchemaName } from "../../src/model/ai.ts";
import { type Credential, metadataHeader } from "../../src/model/credential.ts";
import type { ExchangeModel } from "../../src/model/gateway.ts";
import { noHeaderEdits, type SecretRef, type Secrets } from "../../src/model/values.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import type { LogFields, Logger } from "../../src/telemetry/logger.ts";

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

export interface TestProcessor extends AsyncDisposable {
  readonly processor: Processor;
  readonly server: CallServer;
  readonly settled: Settled[];
  readonly log: LogLine[];
}

export async function startProcessor(given: ExchangeModel | null = model): Promise<TestProcessor> {
  const home = mkdtempSync(join(tmpdir(), "aigw-extproc-"));
  const settled: Settled[] = [];
  const log: LogLine[] = [];
  const processor = new Processor({
    environment: {},
    runtime: createBunRuntime(),
    log: keepingLog(log),
    settled: (one) => settled.push(one),
    logAttributes: [{ attribute: "session.id", headers: ["agent-session-id"] }],
  });
  if (given !== null) processor.replace(given, secrets);
  const server = await startCallServer({
    address: readGrpcAddress(`unix://${join(home, "uds.sock")}`),
    serve: processor.serve,
    isServing: () => processor.isServing,
  });
  return {
    processor,
    server,
    settled,
    log,
    async [Symbol.asyncDispose]() {
      await server.stop(0);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function keepingLog(lines: LogLine[]): Logger {
  const keep = (level: string) => (message: string, fields?: LogFields) => {
    lines.push({ level, message, fields });
  };
  return {
    isOn: () => true,
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
  };
}

export function backend(key: string, schema: SchemaName, more: Partial<AiBackend> = {}): AiBackend {
  const base = {
    at: 0,
    key,
    print: `print-of-${key}`,
    backendName: `default/${key}`,
    routeName: "default/route",
  };
  return { ...base, schema: { name: schema, prefix: "v1" }, headers: noHeaderEdits, body: [], ...more };
}

const secret: SecretRef = { id: "s", from: "literal", name: "s", fingerprint: "", at: 0 };
export const secrets: Secrets = { value: () => "sk-configured" };
const way = { type: "header", name: "authorization", scheme: "Bearer", secret } as const;

function credential(key: string, override?: Credential["override"]): Credential {
  return { at: 0, key, print: key, way, ...(override === undefined ? {} : { override }) };
}

export function modelOf(backends: readonly AiBackend[], more: Partial<ExchangeModel> = {}): ExchangeModel {
  return {
    aiBackends: Object.fromEntries(backends.map((one) => [one.key, one])),
    credentials: {
      keyed: credential("keyed"),
      header: credential("header", { header: "x-aigw-api-key", hasFallback: false }),
      aws: {
        ...credential("aws", { header: metadataHeader("trusted", "aws"), hasFallback: true }),
        way: { type: "aws", region: "eu-west-1", source: { type: "file", secret, profile: "default" } },
      },
      google: {
        ...credential("google"),
        way: { type: "gcp", project: "p", region: "r", source: { type: "token", secret } },
      },
      metadata: credential("metadata", { header: metadataHeader("trusted", "key"), hasFallback: false }),
    },
    costs: {
      global: [{ at: 0, metadataKey: "tokens", amount: "total" }],
      byRoute: {
        "default/other": [
          { at: 0, metadataKey: "tokens", amount: { source: "input_tokens * 100u", result: "count" } },
        ],
      },
    },
    models: {
      all: [{ at: 0, id: "gpt-x", ownedBy: "tests", createdAtMs: 1_735_689_600_000 }],
      byHost: { "gateway.test": [{ at: 0, id: "of-host", ownedBy: "tests", createdAtMs: 0 }] },
      unscoped: [],
    },
    ...more,
  };
}

export const backends: readonly AiBackend[] = [
  backend("plain", "OpenAI"),
  backend("renamed", "OpenAI", {
    modelOverride: "a-much-longer-model-name",
    schema: { name: "OpenAI", prefix: "other/v1" },
  }),
  backend("keyed", "OpenAI", { credential: "keyed" }),
  backend("own-key", "OpenAI", {
    credential: "header",
    headers: { ...noHeaderEdits, remove: ["x-aigw-api-key"] },
  }),
  backend("metadata-key", "OpenAI", { credential: "metadata" }),
  backend("edited", "OpenAI", {
    headers: {
      ...noHeaderEdits,
      remove: ["x-drop"],
      set: [
        ["x-set", "by backend"],
        ["x-replace", "by backend"],
      ],
    },
    body: [
      { op: "remove", path: ["stream_options"] },
      { op: "set", path: ["temperature"], json: "0.5" },
    ],
  }),
  backend("anthropic", "Anthropic"),
  backend("azure", "AzureOpenAI", { schema: { name: "AzureOpenAI", version: "2026-01-01" } }),
  backend("aws", "AWSBedrock", { credential: "aws", schema: { name: "AWSBedrock" } }),
  backend("google", "GCPVertexAI", { credential: "google", schema: { name: "GCPVertexAI" } }),
  backend("cohere", "Cohere", { schema: { name: "Cohere", version: "v2" } }),
];

export const model = modelOf(backends);
