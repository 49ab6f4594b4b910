import { randomUUID } from "node:crypto";
import type { Obtained } from "../fresh.ts";
import type { CredentialWorld } from "../world.ts";
import { clientSettings, obtained } from "./chain.ts";
import { type Profile, readSharedFile, staticKeys } from "./shared-file.ts";
import { type AwsKeys, sendable } from "./signature-v4.ts";

/** Keys that stand in a profile of a file's text; `undefined` where it says another way to get them. */
export function readKeys(text: string, profileName: string, where: string): AwsKeys | undefined {
  const profile = findProfile(text, profileName, where);
  if (profile.has("role_arn")) return undefined;
  const keys = staticKeys(profile);
  if (keys === undefined && !profile.has("credential_process")) {
    throw new Error(
      `profile "${profileName}" of ${where} has no aws_access_key_id and aws_secret_access_key, nor another way to get them`,
    );
  }
  return keys && sendable(keys, where);
}

/** Follows what a profile says: a role of another profile, a web identity, a command. Nothing but the text counts. */
export async function obtainByProfile(
  text: string,
  profile: string,
  region: string,
  world: CredentialWorld,
): Promise<Obtained<AwsKeys>> {
  const sdk = await import("@aws-sdk/credential-providers");
  const { externalDataInterceptor } = await import("@smithy/core/config");
  // The SDK reads files; this one exists for it alone, and only for as long as it reads.
  const path = `/dev/null/${randomUUID()}`;
  externalDataInterceptor.interceptFile(path, text);
  try {
    const settings = clientSettings(region, world);
    const provider = sdk.fromIni({ ...settings, profile, filepath: path, configFilepath: path });
    return obtained(await provider(), `profile ${profile}`);
  } finally {
    delete externalDataInterceptor.getFileRecord()[path];
  }
}

function findProfile(text: string, name: string, where: string): Profile {
  const profile = readSharedFile(text).get(name);
  if (profile === undefined) throw new Error(`${where} has no profile "${name}"`);
  return profile;
}
