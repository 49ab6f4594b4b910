import type { IrCustomTool, IrServerTool, IrTool, IrToolChoice } from "../ir/request.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { objectOf, textOf } from "../wire/exact-json.ts";
import {
  asObject,
  booleanIn,
  listIn,
  meaningless,
  neededText,
  objectIn,
  readEach,
  textIn,
} from "../wire/grammar.ts";
import { readCache } from "./read-parts.ts";

export function readTools(body: JsonObject): IrTool[] {
  return readEach("tools", listIn(body, "tools") ?? [], (item) => readTool(asObject(item)));
}

function readTool(tool: JsonObject): IrTool {
  const type = neededText(tool, "type");
  if (type === "function") {
    return {
      type,
      name: neededText(tool, "name"),
      description: textIn(tool, "description"),
      parameters: objectIn(tool, "parameters"),
      strict: booleanIn(tool, "strict"),
      cache: readCache(tool),
    };
  }
  if (type === "custom") return readCustom(tool);
  if (isWebSearch(type)) return readWebSearch(tool);
  return { type: "server", kind: "other", family: "openai", name: type, options: tool };
}

/** `web_search`, and its versions and previews. */
function isWebSearch(type: string): boolean {
  return type.startsWith("web_search");
}

/** As chat has it, where what belongs to the kind of a tool stands in a member of that name. */
function readCustom(tool: JsonObject): IrCustomTool {
  const { type: _, ...custom } = tool;
  const name = neededText(tool, "name");
  const format = objectOf(custom["format"]);
  if (format?.["type"] !== "grammar") return { type: "custom", name, options: { type: "custom", custom } };
  const { type, ...grammar } = format;
  return {
    type: "custom",
    name,
    options: { type: "custom", custom: { ...custom, format: { type, grammar } } },
  };
}

/** As chat has its `web_search_options`, and the domains beside them. */
function readWebSearch(tool: JsonObject): IrServerTool {
  const location = objectOf(tool["user_location"]);
  const options: { [member: string]: Json } = {};
  for (const name of ["search_context_size", "filters"]) {
    const value = tool[name] ?? null;
    if (value !== null) options[name] = value;
  }
  if (location !== undefined) {
    const { type: _, ...approximate } = location;
    options["user_location"] = { type: "approximate", approximate };
  }
  return { type: "server", kind: "web-search", family: "openai", name: "web_search", options };
}

/** Whether a search may only look at what OpenAI has stored of the web. */
export function isOfflineSearch(tool: Json): boolean {
  return objectOf(tool)?.["external_web_access"] === false;
}

export function readToolChoice(body: JsonObject): IrToolChoice | undefined {
  const choice = body["tool_choice"] ?? undefined;
  if (choice === undefined) return undefined;
  if (choice === "auto" || choice === "none" || choice === "required") return { mode: choice };
  const object = objectOf(choice);
  if (object?.["type"] === "allowed_tools") {
    const mode = object["mode"] === "required" ? "required" : "auto";
    const names = readEach("tool_choice.tools", listIn(object, "tools") ?? [], (item) =>
      nameOf(asObject(item)),
    );
    return { mode, names };
  }
  if (object === undefined) return meaningless("tool_choice", `${JSON.stringify(choice)} is not known`);
  return { mode: "required", names: [nameOf(object)] };
}

function nameOf(choice: JsonObject): string {
  const type = textOf(choice["type"]) ?? "function";
  if (type === "function" || type === "custom") return neededText(choice, "name");
  return isWebSearch(type)
    ? "web_search"
    : meaningless("tool_choice", `"${type}" means something to OpenAI only`);
}
