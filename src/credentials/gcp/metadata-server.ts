import type { Obtained } from "../fresh.ts";
import type { AccessToken } from "../oauth/access-token.ts";
import { obtainToken } from "../oauth/read-token.ts";
import { type CredentialWorld, variable } from "../world.ts";
import { scope } from "./google.ts";

const timeoutMs = 3_000;

/**
 * A token of the service account that a machine of Google's, or a workload on GKE, runs as.
 *
 * @see https://cloud.google.com/compute/docs/access/authenticate-workloads
 */
export function obtainFromMetadataServer(world: CredentialWorld): Promise<Obtained<AccessToken>> {
  const host = variable(world, "GCE_METADATA_HOST") ?? "169.254.169.254";
  const path = "/computeMetadata/v1/instance/service-accounts/default/token";
  return obtainToken(
    {
      name: "the metadata server",
      url: `http://${host}${path}?scopes=${encodeURIComponent(scope)}`,
      headers: { "metadata-flavor": "Google" },
      method: "GET",
      isDirect: true,
      timeoutMs,
    },
    world,
  );
}
