import type { Diagnostic } from "../../model/diagnostic.ts";
import { gatewayName, namespace as gatewayNamespace } from "../autoconfig/resources.ts";
import { Report } from "../diagnostics.ts";
import { type Parsed, type ParsedDocument, takeWritten } from "../documents.ts";
import type { Source, World } from "../world.ts";
import { readServers, type WrittenServer } from "./read-servers.ts";
import { type Home, mcpRouteName, writeServers } from "./resources.ts";

/**
 * An `mcpServers` list as resources: an MCPRoute of the Gateway that is in the other documents, and what it refers to.
 * Complains about servers that have the name of what is there already, and about two routes for `/mcp`.
 */
export function readMcpServers(
  source: Source,
  world: World,
  others: readonly ParsedDocument[],
  report: Report,
): Parsed {
  const own = new Report();
  const servers = readServers(source, own);
  const heads = others.map(({ value }) => readHead(value));
  const home = findHome(heads);
  const written = writeServers(servers, { environment: world.environment, report: own }, world, home);
  const documents = takeWritten(source.name, written);
  sayClashes(documents, heads, servers, own);
  sayRivalRoute(heads, servers, own);
  for (const finding of own.diagnostics)
    report.add(finding.severity, finding.origin, finding.code, finding.message, finding);
  return { documents, isReadable: !own.hasErrors };
}

/** How many servers a list has, and what is wrong with its shape, whatever its variables are. */
export function checkMcpServers(source: Source): {
  readonly count: number;
  readonly diagnostics: readonly Diagnostic[];
} {
  const report = new Report();
  const { length: count } = readServers(source, report);
  return { count, diagnostics: report.sorted() };
}

interface Head {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly spec: { readonly [field: string]: unknown };
}

function readHead(value: unknown): Head {
  const { kind, metadata, spec } = fields(value);
  const { name, namespace } = fields(metadata);
  return {
    kind: String(kind ?? ""),
    namespace: typeof namespace === "string" && namespace !== "" ? namespace : "default",
    name: String(name ?? ""),
    spec: fields(spec),
  };
}

function fields(value: unknown): { readonly [field: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function findHome(heads: readonly Head[]): Home {
  const gateway = heads.find(({ kind }) => kind === "Gateway");
  return gateway === undefined
    ? { gateway: gatewayName, namespace: gatewayNamespace }
    : { gateway: gateway.name, namespace: gateway.namespace };
}

function sayClashes(
  documents: readonly ParsedDocument[],
  heads: readonly Head[],
  servers: readonly WrittenServer[],
  report: Report,
): void {
  for (const { value, places } of documents) {
    const { kind, namespace, name } = readHead(value);
    const isTaken = heads.some(
      (head) => head.kind === kind && head.namespace === namespace && head.name === name,
    );
    const [first] = servers;
    if (!isTaken || first === undefined) continue;
    const origin = { ...first.origin([]), ...places.at([]) };
    const message = `needs the name of ${kind} ${namespace}/${name}, which is in the configuration already`;
    const mend = kind === "MCPRoute" ? "rename the MCPRoute" : "give the MCP server another name";
    report.error(origin, "name-clash", message, { mend });
  }
}

/** Without hosts and headers of its own a second route of the path would never be reached, or hide the first. */
function sayRivalRoute(heads: readonly Head[], servers: readonly WrittenServer[], report: Report): void {
  const [first] = servers;
  const rival = heads.find(
    ({ kind, name, spec }) =>
      kind === "MCPRoute" &&
      name !== mcpRouteName &&
      (spec["path"] ?? "/mcp") === "/mcp" &&
      spec["hostnames"] === undefined &&
      spec["headers"] === undefined,
  );
  if (rival === undefined || first === undefined) return;
  const message = `the list of MCP servers is served at /mcp, and so is MCPRoute ${rival.namespace}/${rival.name} of the configuration`;
  report.error(first.origin([]), "same-path", message, {
    mend: "give the MCPRoute another path, or leave out the list",
  });
}
