import { z } from "zod";
import { kinds } from "./kinds.ts";
import { McpServersFile } from "./mcp-servers/schema.ts";

/**
 * One JSON schema for files of resources, for editors: each document is judged by its `apiVersion` and `kind`, and the
 * schema of each kind stands in `$defs` under `apiVersion/kind`. Fields that are not honoured say so.
 */
export function jsonSchemas(): object {
  const definitions: { [name: string]: object } = {};
  const choices: object[] = [];
  for (const [kind, { group, versions }] of Object.entries(kinds)) {
    for (const [version, schema] of Object.entries(versions)) {
      const apiVersion = group === "" ? version : `${group}/${version}`;
      const name = `${apiVersion}/${kind}`;
      definitions[name] = writeSchema(schema);
      choices.push({
        if: {
          properties: { apiVersion: { const: apiVersion }, kind: { const: kind } },
          required: ["apiVersion", "kind"],
        },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON schema; nobody awaits this object.
        then: { $ref: `#/$defs/${name.replaceAll("/", "~1")}` },
      });
    }
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Resources of aigw",
    type: "object",
    required: ["apiVersion", "kind", "metadata"],
    allOf: choices,
    $defs: definitions,
  };
}

/** The schema of the JSON that `--mcp-config` names. */
export function mcpServersSchema(): object {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "MCP servers of aigw",
    ...writeSchema(McpServersFile),
  };
}

function writeSchema(schema: z.ZodObject): object {
  const { $schema: _, ...written } = z.toJSONSchema(schema, {
    io: "input",
    override({ jsonSchema }) {
      const { support } = jsonSchema;
      delete jsonSchema["support"];
      delete jsonSchema["isSecret"];
      if (isSupport(support))
        jsonSchema.description = `${jsonSchema.description ?? "This field"} ${support.message}`;
    },
  });
  return written;
}

function isSupport(value: unknown): value is { readonly message: string } {
  return typeof value === "object" && value !== null && "message" in value;
}
