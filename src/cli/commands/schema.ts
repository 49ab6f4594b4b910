import { exitCode } from "../failure.ts";
import type { CommandBody } from "../grammar/command.ts";

export const schema: CommandBody = async ({ words: [of] }, { terminal }) => {
  const { jsonSchemas, mcpServersSchema } = await import("../../config/index.ts");
  const written = of === "mcp-servers" ? mcpServersSchema() : jsonSchemas();
  terminal.out(`${JSON.stringify(written, null, 2)}\n`);
  return exitCode.ok;
};
