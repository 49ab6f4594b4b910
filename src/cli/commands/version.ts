import { exitCode } from "../failure.ts";
import type { CommandBody } from "../grammar/command.ts";
import { productVersion } from "../product-version.ts";

export const version: CommandBody = async (_line, { terminal }) => {
  terminal.out(`Envoy AI Gateway CLI: ${productVersion}\n`);
  return exitCode.ok;
};
