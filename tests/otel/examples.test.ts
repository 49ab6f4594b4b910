/** The dashboard and the compose file ask for what is really there. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { instruments } from "../../src/telemetry/metrics/instruments.ts";
import { mcpInstruments } from "../../src/telemetry/metrics/mcp-instruments.ts";
import { root } from "../support/program.ts";

const folder = join(root, "examples/otel");
const families: readonly string[] = [...Object.values(instruments), ...Object.values(mcpInstruments)].map(
  ({ family }) => family,
);
const read = (name: string) => readFileSync(join(folder, name), "utf8");

test("every query of the dashboard names a family that there is, and every family is shown or documented", () => {
  const dashboard = JSON.parse(read("grafana/aigw-dashboard.json")) as {
    readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
  };
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expect(queries.length).toBeGreaterThan(15);
  for (const query of queries) {
    const names = [...query.matchAll(/\b((?:gen_ai|mcp)_\w+?)(?:_(?:bucket|sum|count|total))?(?=[{[])/g)];
    expect(names.length, query).toBeGreaterThan(0);
    for (const [, name = ""] of names) expect(families, query).toContain(name);
  }
  const docs = readFileSync(join(root, "docs/observability.md"), "utf8");
  for (const family of families) expect(docs).toContain(family);
});

test("every file that the compose file mounts is there, and its variables are documented", () => {
  const compose = parse(read("compose.yaml")) as {
    readonly services: Record<string, { readonly volumes?: string[]; readonly environment?: object }>;
  };
  const docs = readFileSync(join(root, "docs/observability.md"), "utf8");
  for (const { volumes = [] } of Object.values(compose.services)) {
    for (const volume of volumes.filter((one) => one.startsWith("./"))) {
      const [, path = ""] = /^\.\/([^:]+):/.exec(volume) ?? [];
      expect(() => read(path)).not.toThrow();
    }
  }
  for (const name of Object.keys(compose.services["aigw"]?.environment ?? {}))
    if (name.startsWith("OTEL_")) expect(docs).toContain(name);
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml")))
    expect(() => parse(read(file)) as unknown).not.toThrow();
});

test("every variable of OpenTelemetry that the source reads is documented", () => {
  const docs = readFileSync(join(root, "docs/observability.md"), "utf8");
  const source = [...new Bun.Glob("src/telemetry/**/*.ts").scanSync({ cwd: root })]
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
  const names = new Set(source.match(/"(?:OTEL|AI_GATEWAY)_[A-Z0-9_]+"/g)?.map((name) => name.slice(1, -1)));
  expect(names.size).toBeGreaterThan(15);
  for (const name of names) expect(docs).toContain(name);
});
