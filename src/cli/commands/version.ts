import { exitCode } from "../failure.ts";
import type { CommandBody } from "../grammar/command.ts";
import type { versionFlags } from "../grammar/flags.ts";
import { productVersion } from "../product-version.ts";

/** Put in by the build; running from source there is nothing bundled. */
declare const AIGW_LICENSES: string | undefined;

export const version: CommandBody<typeof versionFlags> = async ({ flags }, { terminal }) => {
  if (!flags.licenses) terminal.out(`Envoy AI Gateway CLI: ${productVersion}\n`);
  else if (typeof AIGW_LICENSES === "string") terminal.out(AIGW_LICENSES);
  else
    terminal.out(
      "aigw is licensed under the Apache License 2.0; its packages are in node_modules, with theirs.\n",
    );
  return exitCode.ok;
};
