import type { IrFunctionTool, IrRequest, IrServerTool, IrTool, IrToolChoice } from "../ir/request.ts";
import { plainNames, type ToolNames } from "../ir/tool-names.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { refuse, type Warnings } from "../ir/warnings.ts";
import { objectOf } from "../wire/exact-json.ts";
import type { AnthropicHost } from "./hosts.ts";
import { writeCache } from "./write-parts.ts";

/** Newest version of the tool that every Claude model with web search takes, as of 2026-11. */
const webSearchType = "web_search_20250305";

/** What Claude takes as the name of a tool. */
export const toolNameRule = plainNames(128);

/** Several allowed names have no word here: the other tools are left out. */
export function writeTools(
  request: IrRequest,
  names: ToolNames,
  host: AnthropicHost,
  warnings: Warnings,
): JsonObject[] {
  const allowed = request.toolChoice?.names;
  const offered =
    allowed === undefined || isOneName(request.toolChoice)
      ? request.tools
      : request.tools.filter((tool) => allowed.includes(tool.name));
  return offered.flatMap((tool) => writeTool(tool, names, host, warnings));
}

function isOneName(choice: IrToolChoice | undefined): boolean {
  return choice?.mode === "required" && choice.names?.length === 1;
}

function writeTool(tool: IrTool, names: ToolNames, host: AnthropicHost, warnings: Warnings): JsonObject[] {
  if (tool.type === "custom") return refuse(`tools.${tool.name}`, "Claude has no free-form tools");
  if (tool.type === "function") return [writeFunction(tool, names.write(tool.name))];
  const missing = missingTool(tool, host);
  if (missing === undefined) return [writeServerTool(tool)];
  const path = `tools.${tool.name}`;
  if (tool.isOptional !== true) return refuse(path, missing);
  warnings.loud(path, `${missing}; left out`);
  return [];
}

function writeFunction(tool: IrFunctionTool, name: string): JsonObject {
  const written: { [member: string]: Json } = { name };
  if (tool.description !== undefined) written["description"] = tool.description;
  written["input_schema"] = writeSchema(tool.parameters);
  if (tool.strict === true) written["strict"] = true;
  if (tool.cache !== undefined) written["cache_control"] = writeCache(tool.cache);
  return written;
}

function writeSchema(parameters: JsonObject | undefined): JsonObject {
  if (parameters === undefined) return { type: "object", properties: {} };
  return typeof parameters["type"] === "string" ? parameters : { ...parameters, type: "object" };
}

/** Why a tool cannot be offered here; `undefined` if it can. */
function missingTool(tool: IrServerTool, host: AnthropicHost): string | undefined {
  if (tool.family === "anthropic") return undefined;
  if (tool.kind !== "web-search") return "Claude has no such tool";
  return host.isNative ? undefined : "web search exists at Anthropic itself only";
}

function writeServerTool(tool: IrServerTool): JsonObject {
  if (tool.family === "anthropic") return tool.options;
  const location = objectOf(objectOf(tool.options["user_location"])?.["approximate"]);
  const domains = objectOf(tool.options["filters"])?.["allowed_domains"];
  const written: { [member: string]: Json } = { type: webSearchType, name: "web_search" };
  if (domains !== undefined && domains !== null) written["allowed_domains"] = domains;
  if (location !== undefined) written["user_location"] = { type: "approximate", ...location };
  return written;
}

/** `undefined` where the default will do; without tools there is nothing to choose. */
export function writeToolChoice(request: IrRequest, names: ToolNames): JsonObject | undefined {
  const { toolChoice: choice, parallelToolCalls, tools } = request;
  if (tools.length === 0) return undefined;
  const disable_parallel_tool_use = parallelToolCalls === false;
  if (choice === undefined)
    return disable_parallel_tool_use ? { type: "auto", disable_parallel_tool_use } : undefined;
  if (choice.mode === "none") return { type: "none" };
  if (isOneName(choice))
    return { type: "tool", name: names.write(choice.names![0]!), disable_parallel_tool_use };
  return { type: choice.mode === "required" ? "any" : "auto", disable_parallel_tool_use };
}
