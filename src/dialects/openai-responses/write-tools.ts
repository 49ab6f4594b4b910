import type { IrCustomTool, IrRequest, IrServerTool, IrTool } from "../ir/request.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { refuse, type Warnings } from "../ir/warnings.ts";
import { approximate } from "../openai-chat/write-request.ts";
import { objectOf } from "../wire/exact-json.ts";

export function writeTools(tools: readonly IrTool[], warnings: Warnings): JsonObject[] {
  return tools.map((tool) => writeTool(tool, warnings)).filter((tool) => tool !== undefined);
}

function writeTool(tool: IrTool, warnings: Warnings): JsonObject | undefined {
  if (tool.type === "custom") return writeCustom(tool);
  if (tool.type === "server") return writeServerTool(tool, warnings);
  const { type, name, description, parameters, strict } = tool;
  // Said by nobody it would be true here, which other APIs do not mean.
  const written = { type, name, parameters: parameters ?? null, strict: strict ?? false };
  return description === undefined ? written : { ...written, description };
}

/** What stands in a member of the tool's kind in chat stands beside it here. */
function writeCustom({ options }: IrCustomTool): JsonObject {
  const custom = objectOf(options["custom"]) ?? {};
  const format = objectOf(custom["format"]);
  if (format === undefined) return { ...custom, type: "custom" };
  return {
    ...custom,
    type: "custom",
    format: { type: format["type"] ?? "text", ...objectOf(format["grammar"]) },
  };
}

function writeServerTool(tool: IrServerTool, warnings: Warnings): JsonObject | undefined {
  if (tool.kind === "web-search") return writeWebSearch(tool);
  if (tool.family === "openai") return tool.options;
  if (tool.family !== "anthropic") return refuse(`tools.${tool.name}`, "OpenAI has no such tool");
  warnings.loud(`tools.${tool.name}`, "OpenAI has no such tool; left out");
  return undefined;
}

function writeWebSearch({ options }: IrServerTool): JsonObject {
  const written: { [member: string]: Json } = { type: "web_search" };
  const size = options["search_context_size"] ?? null;
  const location = objectOf(options["user_location"]);
  if (size !== null) written["search_context_size"] = size;
  if (location !== undefined) {
    const nested =
      objectOf(location["approximate"]) ?? objectOf(objectOf(approximate(location))?.["approximate"]);
    written["user_location"] = { type: "approximate", ...nested };
  }
  const domains = options["allowed_domains"] ?? objectOf(options["filters"])?.["allowed_domains"] ?? null;
  if (domains !== null) written["filters"] = { allowed_domains: domains };
  return written;
}

/** `undefined` where the default will do. */
export function writeToolChoice({ toolChoice: choice, tools }: IrRequest): Json | undefined {
  if (choice?.names === undefined) return choice?.mode;
  const named = choice.names.map((name) => {
    const type = tools.find((tool) => tool.name === name)?.type ?? "function";
    return type === "server" ? { type: name } : { type, name };
  });
  if (choice.mode === "required" && named.length === 1) return named[0];
  return { type: "allowed_tools", mode: choice.mode, tools: named };
}
