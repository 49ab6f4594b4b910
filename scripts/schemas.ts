import { join } from "node:path";
import { jsonSchemas } from "../src/config/index.ts";

export const schemaPath = join(import.meta.dirname, "../schemas/aigw.schema.json");

/** The file that editors are pointed to; `aigw schema` prints the same. A line for each kind, so that changes can be seen. */
export function writeSchemas(): string {
  const { $defs, ...rest } = jsonSchemas() as { readonly $defs: { readonly [name: string]: object } };
  const kinds = Object.entries($defs).map(
    ([name, schema]) => `${JSON.stringify(name)}: ${JSON.stringify(schema)}`,
  );
  return `${JSON.stringify(rest).slice(0, -1)}, "$defs": {\n${kinds.join(",\n")}\n}}\n`;
}

if (import.meta.main) await Bun.write(schemaPath, writeSchemas());
