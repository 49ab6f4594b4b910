import type { IrServerTool, IrTool, IrToolChoice } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { arrayOf, objectOf, textOf } from "../wire/exact-json.ts";
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
  const tools: IrTool[] = readEach("tools", listIn(body, "tools") ?? [], (item) => readTool(asObject(item)));
  const search = objectIn(body, "web_search_options");
  if (search !== undefined) tools.push(webSearch("openai", search));
  return tools;
}

function readTool(tool: JsonObject): IrTool {
  const type = neededText(tool, "type");
  if (type === "custom")
    return { type, name: textOf(objectOf(tool["custom"])?.["name"]) ?? "", options: tool };
  if (type === "google_search") return webSearch("google", objectIn(tool, "google_search") ?? {});
  if (type !== "function") return { type: "server", kind: "other", name: type, options: tool };
  const definition = objectIn(tool, "function") ?? meaningless("function", "is required");
  return {
    type,
    name: neededText(definition, "name"),
    description: textIn(definition, "description"),
    parameters: readParameters(definition),
    strict: booleanIn(definition, "strict"),
    cache: readCache(definition) ?? readCache(tool),
  };
}

function webSearch(family: "openai" | "google", options: JsonObject): IrServerTool {
  return { type: "server", kind: "web-search", family, name: "web_search", options };
}

function readParameters(definition: JsonObject): JsonObject | undefined {
  const parameters = definition["parameters"] ?? undefined;
  return parameters === undefined
    ? undefined
    : (objectOf(parameters) ?? meaningless("parameters", "must be an object"));
}

export function readToolChoice(body: JsonObject): IrToolChoice | undefined {
  const choice = body["tool_choice"] ?? undefined;
  if (choice === undefined) return undefined;
  if (choice === "auto" || choice === "none" || choice === "required") return { mode: choice };
  if (choice === "any") return { mode: "required" };
  const object = objectOf(choice);
  if (object?.["type"] === "allowed_tools")
    return readAllowedTools(objectOf(object["allowed_tools"]) ?? object);
  const name = object === undefined ? undefined : nameOfChoice(object);
  if (name === undefined) meaningless("tool_choice", `${JSON.stringify(choice)} is not known`);
  return { mode: "required", names: [name] };
}

function nameOfChoice(choice: JsonObject): string | undefined {
  const inner = objectOf(choice["function"]) ?? objectOf(choice["custom"]);
  return textOf(inner?.["name"]);
}

function readAllowedTools(allowed: JsonObject): IrToolChoice {
  const mode = allowed["mode"] === "required" ? "required" : "auto";
  const names = readEach("tool_choice.tools", arrayOf(allowed["tools"]) ?? [], (item) => {
    const tool = asObject(item);
    return nameOfChoice(tool) ?? neededText(tool, "name");
  });
  return { mode, names };
}
