import type { IrServerTool, IrTool, IrToolChoice } from "../ir/request.ts";
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
import { type ClientTools, freeFormFunction, inNamespace } from "./client-tools.ts";
import { readCache } from "./read-parts.ts";

export function readTools(body: JsonObject, known: ClientTools): IrTool[] {
  const tools = readEach("tools", listIn(body, "tools") ?? [], (item) => readEntry(asObject(item), known));
  return tools.flat();
}

function readEntry(entry: JsonObject, known: ClientTools): IrTool[] {
  if (entry["type"] !== "namespace") return [readTool(entry, undefined, known)];
  const namespace = neededText(entry, "name");
  const tools = readEach("tools", listIn(entry, "tools") ?? [], (item) =>
    readTool(asObject(item), namespace, known),
  );
  return inNamespace(tools, namespace, textIn(entry, "description"));
}

function readTool(tool: JsonObject, namespace: string | undefined, known: ClientTools): IrTool {
  const type = neededText(tool, "type");
  if (type === "function") {
    return {
      type,
      name: known.flatName(namespace, neededText(tool, "name")),
      description: textIn(tool, "description"),
      parameters: objectIn(tool, "parameters"),
      strict: booleanIn(tool, "strict"),
      cache: readCache(tool),
    };
  }
  if (type === "custom") return freeFormFunction(known.flatName(namespace, neededText(tool, "name")), tool);
  if (isWebSearch(type)) return readWebSearch(tool);
  const isOptional = offeredByAgents.has(type) || undefined;
  return { type: "server", kind: "other", family: "openai", name: type, options: tool, isOptional };
}

/** Codex offers them to every backend, and does without. */
const offeredByAgents = new Set(["tool_search", "image_generation"]);

/** `web_search`, and its versions and previews. */
function isWebSearch(type: string): boolean {
  return type.startsWith("web_search");
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
  return {
    type: "server",
    kind: "web-search",
    family: "openai",
    name: "web_search",
    options,
    isOptional: true,
  };
}

/** Whether a search may only look at what OpenAI has stored of the web. */
export function isOfflineSearch(tool: Json): boolean {
  return objectOf(tool)?.["external_web_access"] === false;
}

/** Without a tool that the choice names, the request would be another one. */
export function insistOn(names: IrToolChoice["names"], tools: IrTool[]): IrTool[] {
  if (names === undefined) return tools;
  return tools.map((tool) =>
    tool.type === "server" && names.includes(tool.name) ? { ...tool, isOptional: false } : tool,
  );
}

export function readToolChoice(body: JsonObject, known: ClientTools): IrToolChoice | undefined {
  const choice = body["tool_choice"] ?? undefined;
  if (choice === undefined) return undefined;
  if (choice === "auto" || choice === "none" || choice === "required") return { mode: choice };
  const object = objectOf(choice);
  if (object?.["type"] === "allowed_tools") {
    const mode = object["mode"] === "required" ? "required" : "auto";
    const names = readEach("tool_choice.tools", listIn(object, "tools") ?? [], (item) =>
      nameOf(asObject(item), known),
    );
    return { mode, names };
  }
  if (object === undefined) return meaningless("tool_choice", `${JSON.stringify(choice)} is not known`);
  return { mode: "required", names: [nameOf(object, known)] };
}

function nameOf(choice: JsonObject, known: ClientTools): string {
  const type = textOf(choice["type"]) ?? "function";
  if (type === "function" || type === "custom")
    return known.flatName(textIn(choice, "namespace"), neededText(choice, "name"));
  return isWebSearch(type)
    ? "web_search"
    : meaningless("tool_choice", `"${type}" means something to OpenAI only`);
}
