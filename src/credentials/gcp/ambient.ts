import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type Obtained, reasonOf } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { type CredentialWorld, variable } from "../world.ts";
import { obtainByGoogleKey } from "./google-key.ts";
import { obtainFromMetadataServer } from "./metadata-server.ts";

/**
 * Application Default Credentials: the file that GOOGLE_APPLICATION_CREDENTIALS names, gcloud's own file, the
 * metadata server. Looked for each time, so that a login mends a gateway that runs.
 *
 * @see https://cloud.google.com/docs/authentication/application-default-credentials
 */
export async function obtainByDefault(world: CredentialWorld): Promise<Obtained<AccessToken>> {
  const named = variable(world, "GOOGLE_APPLICATION_CREDENTIALS");
  if (named !== undefined) return await obtainByGoogleKey(await readNamed(named), named, world);
  const path = wellKnownPath(world);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text !== undefined) return await obtainByGoogleKey(text, path, world);
  try {
    return await obtainFromMetadataServer(world);
  } catch (error) {
    throw new Error(
      `no default credentials of Google: GOOGLE_APPLICATION_CREDENTIALS is not set, there is no ${path} (gcloud auth application-default login), and ${reasonOf(error)}`,
    );
  }
}

async function readNamed(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new Error(`GOOGLE_APPLICATION_CREDENTIALS cannot be read: ${reasonOf(error)}`);
  }
}

function wellKnownPath(world: CredentialWorld): string {
  const file = "application_default_credentials.json";
  const folder = variable(world, "CLOUDSDK_CONFIG");
  if (folder !== undefined) return join(folder, file);
  const roaming = variable(world, "APPDATA");
  if (process.platform === "win32" && roaming !== undefined) return join(roaming, "gcloud", file);
  return join(variable(world, "HOME") ?? homedir(), ".config", "gcloud", file);
}
