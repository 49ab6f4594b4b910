/** What is written for Envoy: golden files to read in review, and whole configurations for Envoy itself to judge. */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnvoySettings } from "../../src/engines/envoy/write/settings.ts";
import { type EnvoyResources, writeEnvoy } from "../../src/engines/envoy/write/write-envoy.ts";
import { readHeaderAttributes } from "../../src/policy/header-attributes.ts";
import { envoyPath } from "../support/envoy.ts";
import { root } from "../support/program.ts";
import { vectorsDir } from "../support/vectors.ts";
import { configuration } from "./config.ts";
import { compile } from "./start.ts";

const settings: EnvoySettings = {
  xdsDirectory: "/run/aigw/0/envoy/xds",
  processorSocket: "/run/aigw/0/uds.sock",
  mcpSocket: "/run/aigw/0/mcp.sock",
  stdoutLog: "/state/envoy-runs/0/stdout.log",
  stderrLog: "/state/envoy-runs/0/stderr.log",
  systemCaFile: "/etc/ssl/certs/ca-certificates.crt",
  addresses: new Map(),
  logAttributes: readHeaderAttributes({}).logs,
  logResource: new Map([["service.name", "ai-gateway"]]),
};

const ca = readFileSync(join(root, "src/runtime/fixtures/ca.pem"), "utf8");
const example = (name: string) => readFileSync(join(root, "examples", name), "utf8");

function write(text: string, changes: Partial<EnvoySettings> = {}): EnvoyResources {
  const { model, secrets } = compile(text);
  return writeEnvoy(model, secrets, { ...settings, ...changes });
}

/** Prints hold nothing that a reader wants to know. */
const withoutPrints = (value: unknown) =>
  JSON.stringify(value, null, 2)
    .replaceAll(/("aigw_backend": )"[0-9a-f]{32}"/g, '$1"PRINT"')
    .replaceAll(/(\/rule\/\d+\/)[0-9a-f]{12}"/g, '$1PRINT"');

const fallback = configuration({
  port: 1975,
  places: [
    { name: "local", url: "http://127.0.0.1:11434" },
    { name: "cloud", url: "https://api.example.com", schema: "Anthropic" },
    { name: "office", url: "https://llm.example.internal:8443", ca },
  ],
  rules: [
    {
      models: ["~llama.*"],
      refs: [
        { name: "local", weight: 3 },
        { name: "office", weight: 1 },
        { name: "cloud", priority: 2 },
      ],
      timeout: "0s",
      idle: "30s",
    },
    { refs: ["cloud"] },
  ],
  retry: { numRetries: 2, numAttemptsPerPriority: 1, perRetry: { timeout: "10s" } },
  accessLog: {
    settings: [
      {
        matches: ["request.headers['x-ai-eg-model'] != ''"],
        format: {
          type: "JSON",
          json: { key: "%REQ(AUTHORIZATION)%", path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%" },
        },
        sinks: [{ type: "File", file: { path: "/dev/stdout" } }],
      },
    ],
  },
});

const golden: readonly { name: string; written: () => unknown }[] = [
  { name: "bootstrap", written: () => write(example("ollama.yaml")).bootstrap },
  { name: "listener", written: () => withoutReplies(write(fallback).listeners[0]?.value) },
  { name: "routes", written: () => write(fallback).routes[0]?.resource.value },
  { name: "clusters", written: () => write(fallback).clusters.map(({ value }) => value) },
  {
    name: "two-providers-routes",
    written: () => write(example("two-providers.yaml")).routes[0]?.resource.value,
  },
];

/** What Envoy answers by itself is a matter of its own, and long. */
function withoutReplies(listener: unknown): unknown {
  return JSON.parse(
    JSON.stringify(listener, (key, value) => (key === "local_reply_config" ? undefined : value)),
  );
}

/** `UPDATE_GOLDEN=1 bun test tests/envoy/write-envoy.test.ts` writes them anew. */
test.each(golden)("what is written is as in golden/$name.json", ({ name, written }) => {
  const path = join(import.meta.dir, "golden", `${name}.json`);
  const text = `${withoutPrints(written())}\n`;
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, "utf8"));
});

const whole: readonly { name: string; text: string }[] = [
  { name: "the example of Ollama", text: example("ollama.yaml") },
  { name: "the example of two providers", text: example("two-providers.yaml") },
  { name: "fallback, TLS and logs", text: fallback },
  {
    name: "every schema, as the vectors have it",
    text: readFileSync(join(vectorsDir, "config.yaml"), "utf8").replaceAll(/\$\{[^}]*PORT[^}]*\}/g, "1975"),
  },
];

test.skipIf(envoyPath === undefined).each(whole)("Envoy takes $name", ({ text }) => {
  const folder = mkdtempSync(join(tmpdir(), "aigw-write-"));
  const resources = write(text, {
    xdsDirectory: folder,
    stdoutLog: join(folder, "stdout.log"),
    stderrLog: join(folder, "stderr.log"),
    systemCaFile: join(root, "src/runtime/fixtures/ca.pem"),
  });
  const file = join(folder, "envoy.json");
  writeFileSync(file, JSON.stringify(asStatic(resources)));
  const command = ["--mode", "validate", "-c", file, "--service-cluster", "c", "--service-node", "n"];
  const { status, stderr } = spawnSync(envoyPath ?? "", [...command, "--log-level", "warn"], {
    encoding: "utf8",
  });
  rmSync(folder, { recursive: true });
  expect({ status, said: stderr.replace(/^.*cgroup.*\n/gm, "") }).toEqual({ status: 0, said: "" });
});

/** The same in one file, which Envoy judges without starting anything. */
function asStatic({ bootstrap, listeners, routes, clusters, secrets }: EnvoyResources): object {
  const {
    dynamic_resources: _,
    static_resources,
    ...rest
  } = structuredClone(bootstrap) as {
    dynamic_resources: unknown;
    static_resources: { clusters: object[] };
  };
  const plain = ({ value }: { readonly value: object }) => {
    const { "@type": _, ...message } = structuredClone(value) as { "@type"?: string };
    return message;
  };
  const sockets = listeners.map(plain) as { default_filter_chain: { filters: { typed_config: object }[] } }[];
  for (const [index, socket] of sockets.entries()) {
    const http = socket.default_filter_chain.filters[0]?.typed_config as {
      rds?: unknown;
      route_config?: unknown;
    };
    delete http.rds;
    http.route_config = plain(routes[index]?.resource ?? { value: {} });
  }
  const all = {
    ...static_resources,
    clusters: [...static_resources.clusters, ...clusters.map(plain)],
    listeners: sockets,
    secrets: secrets.map(plain),
  };
  // A secret of the same file goes by its name alone.
  const text = JSON.stringify({ ...rest, static_resources: all }).replaceAll(
    /("name":"ca-[0-9a-f]{16}"),"sds_config":\{"path_config_source":\{[^{}]*\{[^{}]*\}\},[^{}]*\}/g,
    "$1",
  );
  return JSON.parse(text);
}

test("no credential is in anything that is written", () => {
  const text = example("two-providers.yaml")
    .replace("OPENAI_API_KEY is not set", "sk-very-secret")
    .replace("ANTHROPIC_API_KEY is not set", "sk-ant-very-secret");
  expect(text.split("very-secret")).toHaveLength(3);
  expect(JSON.stringify(write(text))).not.toContain("very-secret");
});

test("the same model is written the same, and a moved rule keeps its cluster's contents under its own name", () => {
  expect(JSON.stringify(write(fallback))).toBe(JSON.stringify(write(fallback)));
  const one = { models: ["a"], refs: ["x"] };
  const two = { models: ["b"], refs: ["y"] };
  const places = [
    { name: "x", url: "http://127.0.0.1:1" },
    { name: "y", url: "http://127.0.0.1:2" },
  ];
  const namesOf = (rules: (typeof one)[]) =>
    write(configuration({ port: 1, places, rules })).clusters.map(({ name }) => name);
  const [before, after] = [namesOf([one, two]), namesOf([two, one])];
  expect(new Set([...before, ...after]).size).toBe(4);
});
