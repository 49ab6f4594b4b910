/** What `git describe --tags --long` said, put in by `bun build --define AIGW_VERSION='"v1.2.0-3-gabcdef"'`. */
declare const AIGW_VERSION: string | undefined;

export const productVersion = readVersion(typeof AIGW_VERSION === "string" ? AIGW_VERSION : "");

/** How servers that are asked for something know this program. */
export const userAgent = `aigw/${productVersion}`;

/** `v1.2.0` for a tagged commit, `abcdef (v1.2.0, +3)` for the third after it, `dev` for anything else. */
export function readVersion(describe: string): string {
  const [, tag, commits, commit] = /^(.+)-(\d+)-g([0-9a-f]+)$/.exec(describe) ?? [];
  if (tag === undefined) return "dev";
  return Number(commits) === 0 ? tag : `${commit} (${tag}, +${commits})`;
}
