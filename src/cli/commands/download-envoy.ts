import { exitCode, failureLine } from "../failure.ts";
import type { CommandBody } from "../grammar/command.ts";

export const downloadEnvoy: CommandBody = async (_line, { terminal }) => {
  const reason =
    "this build of aigw has no Envoy engine, so there is nothing to download; `aigw run` works without";
  terminal.err(failureLine("Download Envoy failed", reason));
  return exitCode.failed;
};
