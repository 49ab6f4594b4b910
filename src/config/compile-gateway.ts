import type { Diagnostic } from "../model/diagnostic.ts";
import type { Compiled } from "../model/gateway.ts";
import { sayUnused } from "./check/unused.ts";
import { compileModel } from "./compile/compile.ts";
import { Origins } from "./compile/origins.ts";
import { sayPools } from "./compile/references.ts";
import { Report } from "./diagnostics.ts";
import { parseDocuments } from "./documents.ts";
import { type Inventory, reportTiers, takeInventory } from "./inventory.ts";
import { readMcpServers } from "./mcp-servers/read-mcp-servers.ts";
import { readEntries, SecretStore } from "./secrets.ts";
import type { Source, World } from "./world.ts";

interface Reading {
  readonly sources: readonly Source[];
  readonly world: World;
  readonly inventory: Inventory;
  readonly report: Report;
}

/** What is compiled is mostly also printed: the same sources are read once. */
const readings = new WeakMap<Source, Reading>();

/** Text to resources, and what there is to say about them. */
export function readSources(sources: readonly Source[], world: World): Reading {
  const [first] = sources;
  const known = first && readings.get(first);
  if (known !== undefined && known.world === world && isSame(known.sources, sources)) return known;
  const report = new Report();
  const parsed = sources
    .filter(({ format }) => format !== "mcp-servers")
    .map((source) => parseDocuments(source, world.environment, report));
  const others = parsed.flatMap(({ documents }) => documents);
  for (const source of sources)
    if (source.format === "mcp-servers") parsed.push(readMcpServers(source, world, others, report));
  const inventory = takeInventory(
    parsed.flatMap(({ documents }) => documents),
    report,
  );
  if (parsed.some(({ isReadable }) => !isReadable)) inventory.markIncomplete();
  const reading = { sources, world, inventory, report };
  if (first !== undefined) readings.set(first, reading);
  return reading;
}

function isSame(a: readonly Source[], b: readonly Source[]): boolean {
  return a.length === b.length && a.every((source, index) => source === b[index]);
}

/** Text to model, all findings at once. Never throws for what an operator wrote. */
export function compileGateway(sources: readonly Source[], world: World): Compiled {
  const { inventory, report: found } = readSources(sources, world);
  const report = new Report(found.diagnostics);
  const secrets = new SecretStore();
  const entries = readEntries(inventory, world, report);
  const context = { inventory, entries, secrets, origins: new Origins(), report, world };
  const files = sources.map(({ name }) => name).join(", ");
  const model = compileModel(context, files);
  reportTiers(inventory, sayPools(context), report);
  const diagnostics = withoutEchoes(report.sorted());
  return model === undefined || report.hasErrors ? { secrets, diagnostics } : { model, secrets, diagnostics };
}

/** What compiling finds, and beyond it what works but is likely not meant. */
export function lintGateway(sources: readonly Source[], world: World): Compiled {
  const compiled = compileGateway(sources, world);
  if (compiled.model === undefined) return compiled;
  const report = new Report(compiled.diagnostics);
  sayUnused(readSources(sources, world).inventory, report);
  return { ...compiled, diagnostics: report.sorted() };
}

/** An unset variable is no news where its line has an error anyway. */
function withoutEchoes(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const lineOf = ({ origin: { file, line } }: Diagnostic) => `${file}:${line}`;
  const wrong = new Set(diagnostics.filter(({ severity }) => severity === "error").map(lineOf));
  return diagnostics.filter(
    (diagnostic) => diagnostic.code !== "variable-unset" || !wrong.has(lineOf(diagnostic)),
  );
}
