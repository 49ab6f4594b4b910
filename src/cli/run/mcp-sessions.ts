import { randomBytes } from "node:crypto";
import { UsageError } from "../failure.ts";
import type { RunFlagValues } from "../grammar/flags.ts";

/** What the keys that seal MCP sessions are made of. */
export interface McpSessionSeeds {
  /** The first seals, all open. */
  readonly seeds: readonly string[];
  readonly iterations: number;
  /** Nobody gave a seed: sessions are good for this process alone. */
  readonly isRandom: boolean;
}

/** The reference's default is public, so anybody could make sessions with it. */
const publicSeed = "default-insecure-seed";

type SeedFlags = Pick<
  RunFlagValues,
  "mcp-session-encryption-seed" | "mcp-session-encryption-fallback-seed" | "mcp-session-encryption-iterations"
>;

/** Throws `UsageError`. */
export function readMcpSessionSeeds(flags: SeedFlags): McpSessionSeeds {
  const given = flags["mcp-session-encryption-seed"];
  const seeds = [given ?? randomBytes(32).toString("base64url")];
  seeds.push(
    ...(flags["mcp-session-encryption-fallback-seed"]?.split(",") ?? []).filter((seed) => seed !== ""),
  );
  if (seeds.includes(publicSeed)) {
    throw new UsageError(`run: the seed of MCP sessions must not be "${publicSeed}", which everybody knows`);
  }
  return { seeds, iterations: flags["mcp-session-encryption-iterations"], isRandom: given === undefined };
}
