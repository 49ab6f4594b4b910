import { userInfo } from "node:os";
import { resolve } from "node:path";
import process from "node:process";

/** What the meaning of a path depends on. */
export interface Place {
  readonly environment: { readonly [name: string]: string | undefined };
  readonly workingDirectory: string;
}

/**
 * The absolute path for what somebody wrote in a flag, a variable or an argument: a leading `~/`, then `$NAME` and
 * `${NAME}`, then relative to the working directory. `~` alone and `~user` mean themselves. An unset variable is
 * empty, except `UID`, which shells rarely export.
 */
export function expandPath(path: string, { environment, workingDirectory }: Place): string {
  const fromHome = path.startsWith("~/") ? `${homeDirectory(environment)}${path.slice(1)}` : path;
  const expanded = fromHome.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    return environment[name] ?? (name === "UID" ? String(userId()) : "");
  });
  return resolve(workingDirectory, expanded);
}

export function userId(): number {
  return process.getuid?.() ?? 0;
}

function homeDirectory(environment: Place["environment"]): string {
  if (environment["HOME"]) return environment["HOME"];
  try {
    return userInfo().homedir;
  } catch {
    // A container may run as a user that its password database does not know.
    return "/";
  }
}
