import type { z } from "zod";
import type { Origin } from "../../model/origin.ts";
import { noResource, type Path, type Report } from "../diagnostics.ts";
import { describeIssue } from "../issues.ts";
import type { Source } from "../world.ts";
import { JsonFailure, JsonTree } from "./json-tree.ts";
import { McpServer, problemOfName } from "./schema.ts";

/** One server as written, and where. */
export interface WrittenServer {
  readonly name: string;
  readonly value: McpServer;
  /** Of a field, `[]` for the server itself. */
  origin(field: Path): Origin;
}

/** Members that hold the servers, by the names that programs have for it. */
const lists = ["mcpServers", "servers"] as const;

/** The servers of a list in the order written, without those that are switched off; complains about the rest. */
export function readServers({ name: file, text }: Source, report: Report): WrittenServer[] {
  const at = (position: { readonly line: number; readonly column: number }): Origin => ({
    resource: noResource,
    path: "",
    file,
    document: 0,
    ...position,
  });
  const tree = parseTree(file, text, (failure) =>
    report.error(
      at(failure.position),
      "json",
      `the list of MCP servers is not valid JSON: ${failure.message}`,
    ),
  );
  if (tree === undefined) return [];
  const list = lists.find((member) => isObject(tree.value([member])));
  if (list === undefined) {
    const message = 'the list of MCP servers must be an object with "mcpServers": name to server';
    report.error(at(tree.at([lists[0]])), "no-mcp-servers", message);
    return [];
  }
  const seen = new Set<string>();
  return tree.names([list]).flatMap((name) => {
    const isTwice = seen.has(name);
    seen.add(name);
    const say = (position: { line: number; column: number }, message: string) =>
      report.error(at(position), "mcp-server", `MCP server ${JSON.stringify(name)}: ${message}`);
    const problem = isTwice ? "is there twice" : problemOfName(name);
    if (problem !== undefined) {
      say(tree.keyAt([list, name]), problem);
      return [];
    }
    const value = readServer(tree, [list, name], say);
    if (value === undefined || value.disabled === true) return [];
    return [
      {
        name,
        value,
        origin: (field) =>
          at(field.length === 0 ? tree.keyAt([list, name]) : tree.at([list, name, ...field])),
      },
    ];
  });
}

function parseTree(
  file: string,
  text: string,
  onFailure: (failure: JsonFailure) => void,
): JsonTree | undefined {
  try {
    return JsonTree.parse(file, text);
  } catch (error) {
    if (!(error instanceof JsonFailure)) throw error;
    onFailure(error);
    return undefined;
  }
}

type Say = (position: { readonly line: number; readonly column: number }, message: string) => void;

/** Values are not repeated: headers hold keys. */
function readServer(tree: JsonTree, path: Path, say: Say): McpServer | undefined {
  const parsed = McpServer.safeParse(tree.value(path), { jitless: true });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const field = issue.path as Path;
    const input = valueAt(tree.value(path), field);
    const { message } = describeIssue(issue as z.core.$ZodIssue, input, true);
    say(tree.at([...path, ...field]), field.length === 0 ? message : `${field.join(".")}: ${message}`);
  }
  return undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      isObject(at) || Array.isArray(at) ? (at as { [step: string | number]: unknown })[step] : undefined,
    value,
  );
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
