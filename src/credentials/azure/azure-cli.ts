import type { Obtained } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { tokenMember } from "../oauth/token-endpoint.ts";
import { runCommand } from "../run-command.ts";
import type { CredentialWorld } from "../world.ts";
import { resource } from "./entra.ts";

const timeoutMs = 15_000;

interface CliAnswer {
  readonly accessToken?: unknown;
  /** Seconds of the epoch; younger versions only. */
  readonly expires_on?: unknown;
  /** Local time. */
  readonly expiresOn?: unknown;
}

/** A token of whoever is logged in with `az login`. */
export async function obtainCliToken(
  tenantId: string | undefined,
  world: CredentialWorld,
): Promise<Obtained<AccessToken>> {
  const tenant = tenantId === undefined ? [] : ["--tenant", tenantId];
  const output = await runCommand({
    file: "az",
    arguments: ["account", "get-access-token", "--output", "json", "--resource", resource, ...tenant],
    environment: world.environment,
    timeoutMs,
  });
  const { accessToken, expires_on: seconds, expiresOn } = readAnswer(output);
  const token = tokenMember({ accessToken }, "accessToken", "what az wrote");
  const expiresAtMs = Number(seconds) > 0 ? Number(seconds) * 1000 : Date.parse(String(expiresOn));
  return {
    value: { token },
    expiresAtMs: Number.isNaN(expiresAtMs) ? world.nowMs() + 300_000 : expiresAtMs,
    source: "az login",
  };
}

function readAnswer(output: string): CliAnswer {
  try {
    return JSON.parse(output) as CliAnswer;
  } catch {
    throw new Error("az did not write JSON");
  }
}
