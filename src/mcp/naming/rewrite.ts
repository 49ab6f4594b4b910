import { asObject, isObject, type JsonObject } from "../../dialects/wire/json.ts";
import type { PathEdit } from "../json/edit-paths.ts";
import { joinName, joinUri } from "./naming.ts";

type Path = readonly (string | number)[];

/** The edits that make the URIs in an answer readable for the client that got it; none for methods without URIs. */
export function resultEdits(method: string, result: JsonObject, prefix: string): PathEdit[] {
  const edits: PathEdit[] = [];
  const at = ["result"];
  if (method === "tools/call") {
    contentEdits(result["content"], [...at, "content"], prefix, edits);
    uiEdits(result["_meta"], [...at, "_meta"], prefix, edits);
  } else if (method === "prompts/get") {
    each(result["messages"], [...at, "messages"], (message, path) => {
      contentEdits(message["content"], [...path, "content"], prefix, edits);
    });
  } else if (method === "resources/read") {
    each(result["contents"], [...at, "contents"], (content, path) => {
      uriEdit(content["uri"], [...path, "uri"], prefix, edits);
      uiEdits(content["_meta"], [...path, "_meta"], prefix, edits);
    });
  }
  return edits;
}

/** The edits of one item of a list: what clients call it, with or without the prefix before its name. */
export function itemEdits(item: JsonObject, prefix: string, hasPrefixedName: boolean): PathEdit[] {
  const edits: PathEdit[] = [];
  const { name, uri, uriTemplate, _meta } = item;
  if (hasPrefixedName && typeof name === "string") edits.push(set(["name"], joinName(prefix, name)));
  uriEdit(uri, ["uri"], prefix, edits);
  uriEdit(uriTemplate, ["uriTemplate"], prefix, edits);
  uiEdits(_meta, ["_meta"], prefix, edits);
  return edits;
}

/** Links to resources and resources themselves, in one content or several. */
function contentEdits(content: unknown, path: Path, prefix: string, edits: PathEdit[]): void {
  if (Array.isArray(content)) {
    each(content, path, (item, at) => contentEdits(item, at, prefix, edits));
    return;
  }
  if (!isObject(content)) return;
  const { type, uri, resource } = content;
  if (type === "resource_link") uriEdit(uri, [...path, "uri"], prefix, edits);
  else if (type === "resource" && isObject(resource)) {
    uriEdit(resource["uri"], [...path, "resource", "uri"], prefix, edits);
  }
}

/** Where a tool's user interface is (MCP Apps), under the key of the extension and the one before it. */
function uiEdits(meta: unknown, path: Path, prefix: string, edits: PathEdit[]): void {
  if (!isObject(meta)) return;
  uriEdit(asObject(meta["ui"])?.["resourceUri"], [...path, "ui", "resourceUri"], prefix, edits);
  uriEdit(meta["ui/resourceUri"], [...path, "ui/resourceUri"], prefix, edits);
}

function uriEdit(uri: unknown, path: Path, prefix: string, edits: PathEdit[]): void {
  if (typeof uri === "string") edits.push(set(path, joinUri(prefix, uri)));
}

function set(path: Path, text: string): PathEdit {
  return { path, json: JSON.stringify(text) };
}

function each(list: unknown, path: Path, visit: (item: JsonObject, path: Path) => void): void {
  if (!Array.isArray(list)) return;
  for (let index = 0; index < list.length; index++) {
    const item: unknown = list[index];
    if (isObject(item)) visit(item, [...path, index]);
  }
}
