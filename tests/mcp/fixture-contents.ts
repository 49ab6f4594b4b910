/** What the fixture server lists and gives: names and texts are those of the conformance suite. */
import type {
  GetPromptResult,
  Prompt,
  ReadResourceResult,
  Resource,
  Tool,
} from "@modelcontextprotocol/sdk/types.js";

/** A red dot. */
export const image =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
export const audio = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

const anything = { type: "object" as const };

export const toolNames = [
  "test_simple_text",
  "test_image_content",
  "test_audio_content",
  "test_embedded_resource",
  "test_multiple_content_types",
  "test_resource_link",
  "test_tool_with_logging",
  "test_error_handling",
  "test_tool_with_progress",
  "test_sampling",
  "test_elicitation",
  "test_elicitation_sep1034_defaults",
  "test_elicitation_sep1330_enums",
  "test_reconnection",
  "test_roots",
  "test_wait",
  "test_large",
];

export const tools: Tool[] = [
  ...toolNames.map((name) => ({ name, description: `The tool ${name}`, inputSchema: anything })),
  {
    name: "echo",
    title: "Echo",
    description: "Gives back what it gets",
    inputSchema: { type: "object", properties: { message: { type: "string" } }, required: ["message"] },
    annotations: { readOnlyHint: false, destructiveHint: false },
    _meta: { ui: { resourceUri: "ui://fixture/echo.html" } },
  },
  {
    name: "json_schema_2020_12_tool",
    description: "A schema with much in it",
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: {
        address: {
          $anchor: "addressDef",
          type: "object",
          properties: { street: { type: "string" }, city: { type: "string" } },
        },
      },
      properties: {
        name: { type: "string" },
        address: { $ref: "#/$defs/address" },
        contactMethod: { type: "string", enum: ["phone", "email"] },
        phone: { type: "string" },
        email: { type: "string" },
      },
      allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
      if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
      // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
      then: { required: ["phone"] },
      else: { required: ["email"] },
      additionalProperties: false,
    },
  },
];

export const prompts: Prompt[] = [
  { name: "test_simple_prompt", description: "A prompt" },
  {
    name: "test_prompt_with_arguments",
    description: "A prompt with arguments",
    arguments: [
      { name: "arg1", required: true },
      { name: "arg2", required: true },
    ],
  },
  {
    name: "test_prompt_with_embedded_resource",
    description: "A prompt with a resource",
    arguments: [{ name: "resourceUri", required: true }],
  },
  { name: "test_prompt_with_image", description: "A prompt with an image" },
];

export const resources: Resource[] = [
  { uri: "test://static-text", name: "Text", mimeType: "text/plain" },
  { uri: "test://static-binary", name: "Image", mimeType: "image/png" },
  { uri: "test://watched-resource", name: "Watched", mimeType: "text/plain" },
];

export const resourceTemplates = [
  { uriTemplate: "test://template/{id}/data", name: "Data", mimeType: "application/json" },
];

export function readResource(uri: string): ReadResourceResult {
  const id = /^test:\/\/template\/(.+)\/data$/.exec(uri)?.[1];
  if (id !== undefined) {
    const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { contents: [{ uri, mimeType: "application/json", text }] };
  }
  if (uri === "test://static-binary") return { contents: [{ uri, mimeType: "image/png", blob: image }] };
  if (!resources.some((resource) => resource.uri === uri)) {
    throw Object.assign(new Error("Resource not found"), { code: -32002, data: { uri } });
  }
  return {
    contents: [{ uri, mimeType: "text/plain", text: "This is the content of the static text resource." }],
  };
}

export function readPrompt(name: string, given: Record<string, string>): GetPromptResult {
  const user = (content: GetPromptResult["messages"][number]["content"]) => ({
    role: "user" as const,
    content,
  });
  const { arg1, arg2, resourceUri } = given;
  switch (name) {
    case "test_prompt_with_arguments":
      return {
        messages: [user({ type: "text", text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
      };
    case "test_prompt_with_embedded_resource": {
      const resource = { uri: resourceUri ?? "", mimeType: "text/plain", text: "Embedded content." };
      return {
        messages: [user({ type: "resource", resource }), user({ type: "text", text: "Process it." })],
      };
    }
    case "test_prompt_with_image":
      return { messages: [user({ type: "image", data: image, mimeType: "image/png" })] };
    default:
      return { messages: [user({ type: "text", text: "This is a simple prompt for testing." })] };
  }
}
