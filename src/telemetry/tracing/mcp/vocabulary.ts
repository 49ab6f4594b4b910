import { asString } from "../../../dialects/wire/json.ts";
import type { McpMessage } from "../../mcp.ts";
import { type Environment, readBoolean } from "../../otel/variables.ts";
import { type Attributes, putText } from "../attributes.ts";
import { keys, readCapture } from "../gen-ai/index.ts";
import type { Semconv } from "../semconv.ts";
import { type McpHide, tracedMethods } from "./methods.ts";

/** How spans of MCP are called, and what they say. */
export interface McpVocabulary {
  readonly hide: McpHide;
  /** Whether lists say when they are gathered and how much there is, failures their type, sessions their id. */
  readonly isRich: boolean;
  /** Whether arguments and results of tools are shown. */
  readonly isCaptured: boolean;
  spanName(message: McpMessage): string;
  attributes(message: McpMessage): Attributes;
}

export function createMcpVocabulary(environment: Environment, semconv: Semconv): McpVocabulary {
  return semconv === "gen_ai" ? genAi(readCapture(environment)) : legacy(environment);
}

/** The vocabulary of old, which tools compare as a whole: nothing is added to it. */
function legacy(environment: Environment): McpVocabulary {
  const hide = {
    inputs: readBoolean(environment, "OPENINFERENCE_HIDE_INPUTS"),
    outputs: readBoolean(environment, "OPENINFERENCE_HIDE_OUTPUTS"),
  };
  return {
    hide,
    isRich: false,
    isCaptured: false,
    spanName: ({ method }) => tracedMethods[method]?.legacyName ?? method,
    attributes({ method, params, idText, protocolVersion }) {
      const attributes: Attributes = {
        "mcp.protocol.version": protocolVersion,
        "mcp.transport": "http",
        "mcp.request.id": idText === undefined ? "<nil>" : `{${plainId(idText)}}`,
        "mcp.method.name": method,
      };
      if (method === "tools/call") putText(attributes, "mcp.tool.name", params["name"]);
      if (method === "prompts/get") putText(attributes, "mcp.prompt.name", params["name"]);
      tracedMethods[method]?.put?.(attributes, params, hide);
      return attributes;
    },
  };
}

/** https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/, read 2026-11 */
function genAi(isCaptured: boolean): McpVocabulary {
  const hide = { inputs: !isCaptured, outputs: !isCaptured };
  return {
    hide,
    isRich: true,
    isCaptured,
    spanName({ method, params }) {
      const name = method === "tools/call" || method === "prompts/get" ? asString(params["name"]) : undefined;
      return name === undefined ? method : `${method} ${name}`;
    },
    attributes({ method, params, idText, protocolVersion, sessionId }) {
      const attributes: Attributes = {
        "mcp.protocol.version": protocolVersion,
        "mcp.method.name": method,
        "network.transport": "tcp",
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
      };
      if (idText !== undefined) attributes["jsonrpc.request.id"] = plainId(idText);
      putText(attributes, "mcp.session.id", sessionId);
      if (method === "tools/call") {
        attributes[keys.operation] = "execute_tool";
        putText(attributes, keys.toolName, params["name"]);
        if (isCaptured) attributes[keys.toolArguments] = JSON.stringify(params["arguments"] ?? {});
      }
      if (method === "prompts/get") putText(attributes, keys.promptName, params["name"]);
      tracedMethods[method]?.put?.(attributes, params, hide);
      return attributes;
    },
  };
}

/** A text without its quotes. */
function plainId(idText: string): string {
  return idText.startsWith('"') ? String(JSON.parse(idText)) : idText;
}
