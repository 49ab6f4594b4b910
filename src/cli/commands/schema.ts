import { exitCode } from "../failure.ts";
import type { CommandBody } from "../grammar/command.ts";

export const schema: CommandBody = async (_line, { terminal }) => {
  const { jsonSchemas } = await import("../../config/index.ts");
  terminal.out(`${JSON.stringify(jsonSchemas(), null, 2)}\n`);
  return exitCode.ok;
};
