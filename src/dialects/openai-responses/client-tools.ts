import type { IrFunctionTool, IrTool } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import type { ClientRequest } from "../passage.ts";
import { readOnce } from "../read-request.ts";
import { arrayOf, objectOf, parseObject, textOf } from "../wire/exact-json.ts";
import { bodyOf } from "./body.ts";

/** A tool as its client names it. */
export interface ClientTool {
  readonly name: string;
  readonly namespace?: string | undefined;
  /** Its input is any text. */
  readonly isFreeForm: boolean;
}

/**
 * The tools that a client runs itself, by names that other APIs can say, and back.
 *
 * - A tool in a namespace, as Codex gives those of an MCP server, is offered with the namespace in front of its name.
 * - A free-form tool is offered as a function of one text.
 *
 * Depends on the request alone, so that request and answer agree without sharing state.
 */
export class ClientTools {
  readonly #byFlatName = new Map<string, ClientTool>();
  /** By namespace and name. */
  readonly #flatNames = new Map<string, string>();

  constructor(body: JsonObject) {
    const tools = (arrayOf(body["tools"]) ?? []).map((tool) => objectOf(tool) ?? {});
    // Names without a namespace stay as they are, whatever else there is.
    for (const tool of tools) if (tool["type"] !== "namespace") this.#add(tool, undefined);
    for (const space of tools) {
      if (space["type"] !== "namespace") continue;
      for (const tool of arrayOf(space["tools"]) ?? [])
        this.#add(objectOf(tool) ?? {}, textOf(space["name"]) ?? "");
    }
  }

  #add(tool: JsonObject, namespace: string | undefined): void {
    const name = textOf(tool["name"]);
    if (name === undefined) return;
    const joined = join(namespace, name);
    let flat = joined;
    for (let count = 2; this.#byFlatName.has(flat); count++) flat = `${joined}_${count}`;
    this.#byFlatName.set(flat, { name, namespace, isFreeForm: tool["type"] === "custom" });
    this.#flatNames.set(keyOf(namespace, name), flat);
  }

  flatName(namespace: string | undefined, name: string): string {
    return this.#flatNames.get(keyOf(namespace, name)) ?? join(namespace, name);
  }

  /** What a model means by a name. */
  called(flatName: string): ClientTool {
    return this.#byFlatName.get(flatName) ?? { name: flatName, isFreeForm: false };
  }
}

export const clientToolsOf: (request: ClientRequest) => ClientTools = readOnce(
  (request) => new ClientTools(bodyOf(request)),
);

function join(namespace: string | undefined, name: string): string {
  if (namespace === undefined || namespace === "") return name;
  return namespace.endsWith("__") ? namespace + name : `${namespace}__${name}`;
}

function keyOf(namespace: string | undefined, name: string): string {
  return JSON.stringify([namespace ?? "", name]);
}

/** A free-form tool for models that know functions only. */
export function freeFormFunction(name: string, tool: JsonObject): IrFunctionTool {
  const format = objectOf(tool["format"]);
  const rule =
    format?.["type"] === "grammar"
      ? [
          `The text must match this ${textOf(format["syntax"]) ?? ""} grammar:\n${textOf(format["definition"]) ?? ""}`,
        ]
      : [];
  const description = [textOf(tool["description"]) ?? "", "Give the whole text as `input`.", ...rule];
  return {
    type: "function",
    name,
    description: description.filter((part) => part !== "").join("\n\n"),
    parameters: {
      type: "object",
      properties: { input: { type: "string" } },
      required: ["input"],
      additionalProperties: false,
    },
  };
}

/** The arguments of a call that a free-form tool was given. */
export function wrapFreeForm(input: string): string {
  return JSON.stringify({ input });
}

/** The text in such arguments; whatever is no such arguments is the text itself. */
export function unwrapFreeForm(text: string): string {
  return textOf(parseObject(text)?.["input"]) ?? text;
}

/** What a namespace is about stands before its first tool; there is no other place for it. */
export function inNamespace(
  tools: readonly IrTool[],
  name: string,
  description: string | undefined,
): IrTool[] {
  const [first, ...others] = tools;
  if (first?.type !== "function" || description === undefined || description === "") return [...tools];
  const said = `About all tools of ${name}: ${description}`;
  return [{ ...first, description: first.description ? `${said}\n\n${first.description}` : said }, ...others];
}
