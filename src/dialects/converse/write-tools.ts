import type { IrFunctionTool, IrRequest, IrTool, IrToolChoice } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import type { CachePoint, ToolChoice, ToolConfig, ToolSpec } from "./types.ts";
import { cachePoint, refuse, type Writing } from "./writing.ts";

type Tools = (ToolSpec | CachePoint)[];

const anySchema: JsonObject = { type: "object", properties: {} };

/**
 * Tools and the choice among them; `undefined` if there are none to offer.
 *
 * Bedrock has no choice `none`, and refuses a history with calls if no tool is declared. So the tools stay if the history
 * has calls, made up from the names of the calls if the client sent none.
 */
export function writeToolConfig(request: IrRequest, writing: Writing): ToolConfig | undefined {
  const { toolChoice: choice } = request;
  const called = calledNames(request);
  const isOff = choice?.mode === "none";
  let tools = isOff && called.length === 0 ? [] : writeTools(request, writing);
  if (isOff && tools.length > 0)
    writing.warnings.loud("tool_choice", "Bedrock cannot forbid calls; the tools of the history stay");
  const hasOwn = tools.length > 0;
  if (!hasOwn) tools = called.map((name) => toolSpec(writing.toolNames.write(name), anySchema));
  if (tools.length === 0) return undefined;
  return { tools, toolChoice: hasOwn && choice !== undefined ? writeToolChoice(choice, writing) : undefined };
}

/** Several allowed names have no word in Converse: the other tools are left out. */
function writeTools(request: IrRequest, writing: Writing): Tools {
  const { names = [], mode } = request.toolChoice ?? {};
  const isFiltered = names.length > 1 || (names.length === 1 && mode !== "required");
  const offered = isFiltered ? request.tools.filter((tool) => names.includes(tool.name)) : request.tools;
  return offered.flatMap((tool) => writeTool(tool, writing));
}

function writeTool(tool: IrTool, writing: Writing): Tools {
  if (tool.type === "function") return writeFunction(tool, writing);
  const path = `tools.${tool.name}`;
  if (tool.type === "custom") return refuse(path, "Bedrock has no free-form tools");
  if (tool.isOptional === true) writing.warnings.loud(path, "Bedrock has no such tool; left out");
  else if (tool.family !== "anthropic") return refuse(path, "Bedrock has no such tool");
  else writing.warnings.loud(path, "a tool that runs at Anthropic is left out");
  return [];
}

function writeFunction(tool: IrFunctionTool, writing: Writing): Tools {
  const spec = toolSpec(
    writing.toolNames.write(tool.name),
    withType(tool.parameters ?? anySchema),
    tool.description || undefined,
    tool.strict,
  );
  return tool.cache === undefined ? [spec] : [spec, cachePoint(tool.cache)];
}

export function toolSpec(
  name: string,
  schema: JsonObject,
  description?: string,
  isStrict?: boolean,
): ToolSpec {
  const strict = isStrict === true ? true : undefined;
  return { toolSpec: { name, description, inputSchema: { json: schema }, strict } };
}

/** Bedrock insists on it. */
function withType(schema: JsonObject): JsonObject {
  return typeof schema["type"] === "string" ? schema : { ...schema, type: "object" };
}

function writeToolChoice({ mode, names }: IrToolChoice, writing: Writing): ToolChoice | undefined {
  if (mode === "none") return undefined;
  if (mode === "auto") return { auto: {} };
  const [only] = names ?? [];
  return names?.length === 1 && only !== undefined
    ? { tool: { name: writing.toolNames.write(only) } }
    : { any: {} };
}

/** Names of the tools that the history calls, each once. */
function calledNames(request: IrRequest): string[] {
  const names = new Set<string>();
  for (const message of request.messages) {
    if (message.role !== "assistant") continue;
    for (const part of message.parts) if (part.type === "tool-call") names.add(part.name);
  }
  return [...names];
}

/** The choice in Claude's own words, which can also say "one call at a time". */
export function nativeToolChoice(choice: ToolChoice | undefined): JsonObject {
  const limit = { disable_parallel_tool_use: true };
  if (choice === undefined || "auto" in choice) return { type: "auto", ...limit };
  return "any" in choice ? { type: "any", ...limit } : { type: "tool", name: choice.tool.name, ...limit };
}
