/**
 * The observability vectors (`vectors/OTEL.md`), played by their own runner against gateways of several settings.
 *
 * - `vectors/otel-deviations.json`: vectors that we answer otherwise on purpose, each with a reason that can be checked.
 *   What we answer instead is in `ours/`, and held to like any other: `want` as a whole, or texts to `replace` in it and
 *   lines of metrics that are other ones.
 * - `notYet`: what the gateway cannot do yet.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyPath } from "../support/envoy.ts";
import { freePort, untilFree } from "../support/ports.ts";
import { commandOf } from "../support/program.ts";

interface OtelVector {
  readonly name: string;
  readonly config?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly fresh?: boolean;
  readonly observe?: readonly string[];
  readonly want: unknown;
}

const vectorsDir = join(import.meta.dir, "../vectors");
const oursDir = join(import.meta.dir, "ours");
const deviations = readJson(join(vectorsDir, "otel-deviations.json")) as Record<string, string>;
const notYet: Record<string, string> = {
  "access-log-mcp": "MCP requests are in no access log yet",
};

const all = readdirSync(join(vectorsDir, "otel"))
  .filter((file) => file.endsWith(".json"))
  .map((file) => readJson(join(vectorsDir, "otel", file)) as OtelVector);
const playable = all.filter(({ name }) => notYet[name] === undefined).map(withOurs);

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

interface Ours {
  readonly status?: readonly number[];
  readonly want?: unknown;
  readonly replace?: readonly (readonly [string, string])[];
  /** Pattern of lines that are not there. */
  readonly without?: string;
  readonly with?: readonly string[];
}

/** The vector with what we answer on purpose. */
function withOurs(vector: OtelVector): OtelVector {
  const path = join(oursDir, `${vector.name}.json`);
  if (deviations[vector.name] === undefined || !existsSync(path)) return vector;
  const ours = readJson(path) as Ours;
  if (ours.want !== undefined) return { ...vector, want: ours.want };
  const inText = (text: string) => JSON.stringify(text).slice(1, -1);
  const text = (ours.replace ?? []).reduce(
    (whole, [from, to]) => whole.replaceAll(inText(from), inText(to)),
    JSON.stringify(vector.want),
  );
  const want = JSON.parse(text) as { readonly metrics: readonly string[] };
  const without = ours.without === undefined ? undefined : new RegExp(ours.without);
  const kept = want.metrics.filter((line) => without?.test(line) !== true);
  const metrics = [...kept, ...(ours.with ?? [])];
  return { ...vector, want: { ...want, metrics, ...(ours.status && { status: ours.status }) } };
}

interface Run {
  readonly vectors: readonly OtelVector[];
  /** Without a configuration file aigw listens on 1975 and nowhere else. */
  readonly port: number;
  readonly engine: "embedded" | "envoy";
}

/** What the runner said of each vector: `ok`, or what differs. */
async function play({ vectors, port, engine }: Run): Promise<Map<string, string>> {
  const dir = mkdtempSync(join(tmpdir(), "aigw-otel-vectors-"));
  try {
    const config = readFileSync(join(vectorsDir, "otel/gateway.yaml"), "utf8");
    writeFileSync(join(dir, "gateway.yaml"), config.replace("port: 1975", `port: ${port}`));
    for (const vector of vectors) {
      const args = [...((vector as { args?: string[] }).args ?? []), "--engine", engine];
      writeFileSync(join(dir, `${vector.name}.json`), JSON.stringify({ ...vector, args }));
    }
    await untilFree(port);
    const runner = [process.execPath, join(vectorsDir, "otel.ts"), "--cmd", commandOf("binary").join(" ")];
    const places = ["--port", String(port), "--admin-port", String(freePort())];
    const child = Bun.spawn([...runner, "--dir", dir, ...places, "--verbose"], {
      env: { ...process.env, ...(envoyPath !== undefined && { ENVOY_PATH: envoyPath }) },
      stdout: "pipe",
      stderr: "inherit",
    });
    return readVerdicts(await new Response(child.stdout).text());
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function readVerdicts(text: string): Map<string, string> {
  const verdicts = new Map<string, string>();
  for (const part of text.split(/\n(?=ok {3}|FAIL )/)) {
    const [, verdict, name] = /^(ok|FAIL) +([\w-]+)/.exec(part) ?? [];
    if (name !== undefined) verdicts.set(name, verdict === "ok" ? "ok" : part);
  }
  return verdicts;
}

/** Vectors that share a process stay together; the rest is spread, since the runner mostly waits. */
function spread(vectors: readonly OtelVector[], count: number): OtelVector[][] {
  const groups = Map.groupBy(vectors, ({ name, env, fresh }) => JSON.stringify([env, fresh ? name : ""]));
  const runs = Array.from({ length: count }, (): OtelVector[] => []);
  for (const group of [...groups.values()].sort((a, b) => b.length - a.length)) {
    const shortest = runs.reduce((least, run) => (cost(run) < cost(least) ? run : least));
    shortest.push(...group);
  }
  return runs;
}

/** A process of its own takes about as long as two vectors. */
function cost(run: readonly OtelVector[]): number {
  return (
    run.length + 2 * new Set(run.map(({ name, env, fresh }) => JSON.stringify([env, fresh && name]))).size
  );
}

const withFile = playable.filter(({ config }) => config !== undefined);
const withoutFile = playable.filter(({ config }) => config === undefined);

describe("on the embedded engine", () => {
  let verdicts = new Map<string, string>();

  beforeAll(async () => {
    const runs = spread(withFile, 4).map((vectors) =>
      play({ vectors, port: freePort(), engine: "embedded" }),
    );
    const all = await Promise.all([...runs, play({ vectors: withoutFile, port: 1975, engine: "embedded" })]);
    verdicts = new Map(all.flatMap((one) => [...one]));
  }, 120_000);

  test.each(playable.map(({ name }) => name))("%s", (name) => {
    expect(verdicts.get(name)).toBe("ok");
  });
});

/** MCP is not served behind Envoy yet. */
const notOnEnvoy = new Set(["mcp-prompts-resources"]);

describe.if(envoyPath !== undefined)("on Envoy", () => {
  /** Of one process; what is Envoy's own, its access log, is tested elsewhere. */
  const shared = withFile.filter(
    ({ env, fresh, observe, name }) =>
      Object.keys(env).length === 3 && !fresh && observe === undefined && !notOnEnvoy.has(name),
  );
  let verdicts = new Map<string, string>();

  beforeAll(async () => {
    verdicts = await play({ vectors: shared, port: freePort(), engine: "envoy" });
  }, 120_000);

  test.each(shared.map(({ name }) => name))("%s", (name) => {
    expect(verdicts.get(name)).toBe("ok");
  });
});

test.each(Object.keys(deviations))("%s is answered otherwise than by the reference", (name) => {
  const vector = all.find((one) => one.name === name);
  expect(vector).toBeDefined();
  expect(JSON.stringify(withOurs(vector!).want)).not.toBe(JSON.stringify(vector!.want));
});

afterAll(() => {
  const better = Object.keys(deviations).length;
  console.log(
    `${all.length} observability vectors: ${playable.length - better} as wanted, ${better} otherwise on purpose, ${Object.keys(notYet).length} not yet`,
  );
});
