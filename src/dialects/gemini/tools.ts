import type { IrFunctionTool, IrRequest, IrServerTool, IrToolChoice } from "../ir/request.ts";
import type { ToolNames } from "../ir/tool-names.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import type { Warnings } from "../ir/warnings.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";
import type { GeminiModel } from "./model-name.ts";
import { refuse } from "./refuse.ts";
import { convertSchema } from "./schema.ts";
import type { Writing } from "./writing.ts";

const place = "invalid tools";

/** Tools that Google runs, by the type that a chat client gives them. */
const googleTools: { readonly [type: string]: string } = {
  enterprise_search: "enterpriseWebSearch",
  code_execution: "codeExecution",
  url_context: "urlContext",
  google_maps: "googleMaps",
};

/** Writes what the model may use: tools of Google's in their order, then all functions in one entry. */
export function writeTools(request: IrRequest, { model, names, warnings }: Writing): JsonObject[] {
  const written: JsonObject[] = [];
  const functions: JsonObject[] = [];
  for (const [index, tool] of request.tools.entries()) {
    if (tool.type === "custom")
      refuse(place, `"${tool.name}" is a free-form tool, which Gemini does not have`);
    else if (tool.type === "server") written.push(...writeServerTool(tool, warnings, `tools[${index}]`));
    else if (isOffered(tool, request.toolChoice)) functions.push(writeFunction(tool, model, names));
  }
  if (functions.length > 0) written.push({ functionDeclarations: functions });
  return written;
}

/** Gemini restricts by name only where a call is required; where it is not, what is not allowed is not offered. */
function isOffered(tool: IrFunctionTool, choice: IrToolChoice | undefined): boolean {
  return choice?.mode !== "auto" || choice.names === undefined || choice.names.includes(tool.name);
}

function writeFunction(tool: IrFunctionTool, model: GeminiModel, names: ToolNames): JsonObject {
  const { description, parameters } = tool;
  const head: JsonObject = {
    ...(description ? { description } : {}),
    name: names.write(tool.name),
  };
  if (parameters === undefined) return head;
  if (model.hasJsonSchema) return { ...head, parametersJsonSchema: parameters };
  if (Object.keys(parameters).length === 0) return head;
  const converted = convertSchema(parameters, (reason) =>
    refuse(place, `the parameters of "${tool.name}": ${reason}`),
  );
  return { ...head, parameters: converted };
}

function writeServerTool(tool: IrServerTool, warnings: Warnings, path: string): JsonObject[] {
  if (tool.kind === "web-search") return [{ googleSearch: writeSearch(tool, warnings, path) }];
  const google = googleTools[tool.name];
  if (google !== undefined && (tool.family === undefined || tool.family === "google")) {
    return [{ [google]: objectOf(tool.options[tool.name]) ?? {} }];
  }
  if (tool.isOptional === true) warnings.loud(path, `left out: Gemini has no tool "${tool.name}"`);
  else if (tool.family !== "anthropic") refuse(place, `Gemini has no tool "${tool.name}"`);
  else warnings.loud(path, `left out: "${tool.name}" runs at Anthropic only`);
  return [];
}

function writeSearch(tool: IrServerTool, warnings: Warnings, path: string): JsonObject {
  const options = objectOf(tool.options[tool.name]) ?? tool.options;
  const range = objectOf(options["time_range_filter"]);
  const timeRangeFilter = range === undefined ? undefined : writeRange(range);
  if (range !== undefined && timeRangeFilter === undefined) {
    warnings.quiet(`${path}.time_range_filter`, "left out: not two RFC 3339 times");
  }
  const found: { [member: string]: Json | undefined } = {
    excludeDomains: arrayOf(options["exclude_domains"] ?? options["blocked_domains"]),
    blockingConfidence: textOf(options["blocking_confidence"]),
    timeRangeFilter,
  };
  if (
    arrayOf(options["allowed_domains"] ?? objectOf(options["filters"])?.["allowed_domains"]) !== undefined
  ) {
    warnings.loud(`${path}.allowed_domains`, "left out: Google's search can only exclude domains");
  }
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}

function writeRange(range: JsonObject): JsonObject | undefined {
  const [startTime, endTime] = [textOf(range["start_time"]), textOf(range["end_time"])];
  const isTime = (text: string | undefined) => text === undefined || !Number.isNaN(Date.parse(text));
  if (!isTime(startTime) || !isTime(endTime)) return undefined;
  return { ...(startTime ? { startTime } : {}), ...(endTime ? { endTime } : {}) };
}

/** How the model may use its functions; nothing where it has none or the client leaves it open. */
export function writeToolConfig(
  { tools, toolChoice }: IrRequest,
  { names }: Writing,
): JsonObject | undefined {
  const functions = tools.filter((tool) => tool.type === "function");
  if (toolChoice === undefined || functions.length === 0) return undefined;
  return { functionCallingConfig: writeChoice(toolChoice, functions, names) };
}

function writeChoice(
  choice: IrToolChoice,
  functions: readonly IrFunctionTool[],
  names: ToolNames,
): JsonObject {
  switch (choice.mode) {
    case "none":
      return { mode: "NONE" };
    case "required":
      if (choice.names === undefined) return { mode: "ANY" };
      return { mode: "ANY", allowedFunctionNames: choice.names.map((name) => names.write(name)) };
    case "auto":
      // VALIDATED leaves the model free as AUTO does, but holds its calls to their schema.
      return { mode: functions.some((tool) => tool.strict === true) ? "VALIDATED" : "AUTO" };
  }
}
