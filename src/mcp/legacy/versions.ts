/** Revisions with sessions, newest first. */
const legacyVersions: readonly string[] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

export const latestLegacyVersion = "2025-11-25";

export function isLegacyVersion(version: unknown): version is string {
  return typeof version === "string" && legacyVersions.includes(version);
}
