import { asObject, asString } from "../../../dialects/wire/json.ts";
import type { McpMessage } from "../../mcp.ts";
import { type Attributes, put, putText } from "../attributes.ts";

/** What is hidden of clients' words, whatever the vocabulary. */
export interface McpHide {
  readonly inputs: boolean;
  readonly outputs: boolean;
}

interface Method {
  /** Of the vocabulary of old. */
  readonly legacyName: string;
  /** What messages of this method say in both vocabularies. */
  readonly put?: (attributes: Attributes, params: McpMessage["params"], hide: McpHide) => void;
  /** Of lists: the attribute of how many there are. */
  readonly countName?: string;
}

const putUri: Method["put"] = (attributes, { uri }) => putText(attributes, "mcp.resource.uri", uri);

/** Methods that have spans. */
export const tracedMethods: { readonly [method: string]: Method } = {
  initialize: {
    legacyName: "Initialize",
    put(attributes, params) {
      const info = asObject(params["clientInfo"]) ?? {};
      attributes["mcp.client.name"] = asString(info["name"]) ?? "";
      attributes["mcp.client.title"] = asString(info["title"]) ?? "";
      attributes["mcp.client.version"] = asString(info["version"]) ?? "";
    },
  },
  "tools/list": { legacyName: "ListTools", countName: "mcp.tools.count" },
  "prompts/list": { legacyName: "ListPrompts", countName: "mcp.prompts.count" },
  "resources/list": { legacyName: "ListResources", countName: "mcp.resources.count" },
  "resources/templates/list": {
    legacyName: "ListResourceTemplates",
    countName: "mcp.resource_templates.count",
  },
  "tools/call": { legacyName: "CallTool" },
  "prompts/get": { legacyName: "GetPrompt" },
  "resources/read": { legacyName: "ReadResource", put: putUri },
  "resources/subscribe": { legacyName: "Subscribe", put: putUri },
  "resources/unsubscribe": { legacyName: "Unsubscribe", put: putUri },
  "logging/setLevel": {
    legacyName: "SetLoggingLevel",
    put: (attributes, { level }) => putText(attributes, "mcp.logging.level", level),
  },
  "completion/complete": {
    legacyName: "Complete",
    put(attributes, params, { inputs }) {
      const argument = asObject(params["argument"]);
      putText(attributes, "mcp.complete.argument.name", argument?.["name"]);
      if (!inputs) putText(attributes, "mcp.complete.argument.value", argument?.["value"]);
    },
  },
  "notifications/progress": {
    legacyName: "notifications/progress",
    put(attributes, { progress, progressToken, message }, { inputs }) {
      if (typeof progress === "number" && progress !== 0)
        put(attributes, "mcp.notifications.progress", progress);
      if (progressToken !== undefined) attributes["mcp.notifications.progress.token"] = String(progressToken);
      if (!inputs) putText(attributes, "mcp.notifications.progress.message", message);
    },
  },
  "notifications/roots/list_changed": { legacyName: "notifications/roots/list_changed" },
};
