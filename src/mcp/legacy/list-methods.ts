import { capability } from "../session/capabilities.ts";

export interface ListMethod {
  readonly method: string;
  /** Member of the result that holds the list. */
  readonly member: string;
  readonly kind: "tool" | "prompt" | "resource";
  /** Member of an item that names it. */
  readonly key: "name" | "uri" | "uriTemplate";
  /** What a backend must have declared. */
  readonly capability: number;
}

export const listMethods: { readonly [method: string]: ListMethod } = {
  "tools/list": {
    method: "tools/list",
    member: "tools",
    kind: "tool",
    key: "name",
    capability: capability.tools,
  },
  "prompts/list": {
    method: "prompts/list",
    member: "prompts",
    kind: "prompt",
    key: "name",
    capability: capability.prompts,
  },
  "resources/list": {
    method: "resources/list",
    member: "resources",
    kind: "resource",
    key: "uri",
    capability: capability.resources,
  },
  "resources/templates/list": {
    method: "resources/templates/list",
    member: "resourceTemplates",
    kind: "resource",
    key: "uriTemplate",
    capability: capability.resources,
  },
};
