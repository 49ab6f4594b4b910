import type { GlobalFlagValues } from "../grammar/flags.ts";
import { expandPath, type Place, userId } from "./expand-path.ts";

/** Absolute paths. None of them need exist. */
export interface Directories {
  /** Files of the user, shared by all runs. */
  readonly config: string;
  /** Downloaded binaries, shared by all runs. */
  readonly data: string;
  /** Logs and generated files, a directory for each run, kept. */
  readonly state: string;
  /** What lives as long as a run, a directory for each. */
  readonly runtime: string;
  /** Whether `runtime` is the built-in place, which others on the machine can guess. */
  readonly isRuntimeDefault: boolean;
}

export function resolveDirectories(flags: GlobalFlagValues, place: Place): Directories {
  const runtime = flags["runtime-dir"];
  return {
    config: expandPath(flags["config-home"] ?? "~/.config/aigw", place),
    data: expandPath(flags["data-home"] ?? "~/.local/share/aigw", place),
    state: expandPath(flags["state-home"] ?? "~/.local/state/aigw", place),
    runtime: expandPath(runtime ?? `/tmp/aigw-${userId()}`, place),
    isRuntimeDefault: runtime === undefined,
  };
}
