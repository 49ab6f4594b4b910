import type { AwsKeys } from "./signature-v4.ts";

/** Members of one profile, names in lower case. */
export type Profile = ReadonlyMap<string, string>;

/**
 * The profiles of a shared credentials file: INI text. Sections may be called `[profile x]`, as in the shared
 * configuration file; of two members of one name the last counts; lines that are neither are passed over.
 */
export function readSharedFile(text: string): ReadonlyMap<string, Profile> {
  const profiles = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) continue;
    const section = /^\[\s*(?:profile\s+)?["']?([^\]"']+?)["']?\s*\]/.exec(trimmed)?.[1];
    if (section !== undefined) {
      current = profiles.get(section) ?? new Map();
      profiles.set(section, current);
      continue;
    }
    const equals = trimmed.indexOf("=");
    if (equals < 1 || current === undefined) continue;
    current.set(trimmed.slice(0, equals).trim().toLowerCase(), withoutComment(trimmed.slice(equals + 1)));
  }
  return profiles;
}

/** Comments after a value begin with a blank. */
function withoutComment(value: string): string {
  return value.replace(/\s[#;].*$/, "").trim();
}

/** The keys written into a profile; `undefined` where it says some other way to get them. */
export function staticKeys(profile: Profile): AwsKeys | undefined {
  const accessKeyId = profile.get("aws_access_key_id") ?? "";
  const secretAccessKey = profile.get("aws_secret_access_key") ?? "";
  const sessionToken = profile.get("aws_session_token") ?? "";
  if (accessKeyId === "" || secretAccessKey === "") return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === "" ? {} : { sessionToken }) };
}
