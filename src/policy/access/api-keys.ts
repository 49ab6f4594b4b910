import { createHmac, randomBytes } from "node:crypto";
import type { ApiKeys, Place } from "../../model/access.ts";
import type { Secrets } from "../../model/values.ts";
import { type AccessRequest, type Admission, challenge, unauthenticated } from "./admission.ts";
import { clearPlace, readPlace } from "./places.ts";

/**
 * Keys are found by a digest under a key of this process: nobody outside can tell how near a guess comes, since what
 * is compared cannot be foreseen, and the time does not depend on how many clients there are.
 */
const digestKey = randomBytes(32);

function digest(key: string): string {
  return createHmac("sha256", digestKey).update(key).digest("base64");
}

/** Makes the check of API keys. A client whose key cannot be read now, or is empty, cannot come in. */
export function prepareApiKeys(policy: ApiKeys, secrets: Secrets): (request: AccessRequest) => Admission {
  const clients = new Map<string, string>();
  for (const { id, secret } of policy.clients) {
    const key = secrets.value(secret);
    if (key !== undefined && key !== "") clients.set(digest(key), id);
  }
  const isBearer = policy.from.some(isAuthorization);
  const wanted = challenge(isBearer ? "Bearer" : "ApiKey");
  return (request) => {
    const found = findKey(policy.from, request);
    if (found === undefined) return unauthenticated("an API key is required", "no API key", wanted);
    const name = clients.get(digest(found.key));
    if (name === undefined) return unauthenticated("the API key is not valid", "unknown API key", wanted);
    const cleared = policy.isSanitized ? clearPlace(found.place, request) : { changes: [] };
    const { clientIdHeader } = policy;
    const told = clientIdHeader === undefined ? [] : [[clientIdHeader, name] as const];
    return {
      type: "admitted",
      identity: { claims: new Map(), name },
      ...cleared,
      changes: [...cleared.changes, ...told],
    };
  };
}

function findKey(from: readonly Place[], request: AccessRequest): { key: string; place: Place } | undefined {
  for (const place of from) {
    const value = readPlace(place, request);
    if (value === undefined) continue;
    return { key: isAuthorization(place) ? value.replace(/^bearer\s+/i, "") : value, place };
  }
  return undefined;
}

function isAuthorization(place: Place): boolean {
  return place.type === "header" && place.name === "authorization";
}
