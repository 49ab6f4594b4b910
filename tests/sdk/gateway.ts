/** aigw as README starts it: from the SDK's variables, on the port that every client expects. */
import { type Gateway, startGateway } from "../support/gateway.ts";
import { untilFree } from "../support/ports.ts";
import type { Program } from "../support/program.ts";

const defaultPort = 1975;

export async function startFromEnvironment(
  program: Program,
  env: Readonly<Record<string, string>>,
): Promise<Gateway> {
  await untilFree(defaultPort);
  const gateway = await startGateway({ program, env });
  if (gateway.port !== defaultPort)
    throw new Error(`aigw listens on ${gateway.port} instead of ${defaultPort}`);
  return gateway;
}
