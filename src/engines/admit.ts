import { type Family, failureWriters, type LocalAnswer, type Lookup } from "../endpoints/index.ts";
import type { AccessRequest, HeaderChange, Identity, Refused } from "../policy/access/admission.ts";
import { ChangedHeaders, type Gatekeeper } from "../policy/access/gatekeeper.ts";

/** A request at the door: what is asked about it, and what becomes of that. */
export interface Visitor {
  readonly requestId: string;
  readonly accessRequest: AccessRequest;
  identity: Identity;
  /** Why it may not come in, for the log. */
  refusal: string | undefined;
  /** Later checks, routes and backends see its headers so; and its path and query, where these have changed. */
  change(changes: readonly HeaderChange[], target?: string): void;
}

/** Who is it, and may it come in at all? `undefined`: yes, or it shows when the model is known. */
export async function admit(
  visitor: Visitor,
  gatekeeper: Gatekeeper,
  family: Family,
): Promise<LocalAnswer | undefined> {
  const refused = await authenticate(visitor, gatekeeper, family);
  if (refused !== undefined || gatekeeper.isModelAsked) return refused;
  return authorize(visitor, gatekeeper, family, undefined);
}

export async function authenticate(
  visitor: Visitor,
  gatekeeper: Gatekeeper,
  family: Family,
): Promise<LocalAnswer | undefined> {
  const admission = await gatekeeper.authenticate(visitor.accessRequest);
  if (admission.type === "refused") return refuse(visitor, admission, family);
  visitor.identity = admission.identity;
  visitor.change(admission.changes, admission.target);
  return undefined;
}

/** `model`: absent where there is none. */
export function authorize(
  visitor: Visitor,
  gatekeeper: Gatekeeper,
  family: Family,
  model: string | undefined,
): LocalAnswer | undefined {
  const request = visitor.accessRequest;
  const asked =
    model === undefined
      ? request
      : { ...request, headers: new ChangedHeaders(request.headers, [["x-ai-eg-model", model]]) };
  const refused = gatekeeper.authorize(asked, visitor.identity);
  return refused && refuse(visitor, refused, family);
}

/** In the shape that the client's SDK reads, unless an authorization service has said it all. */
function refuse(visitor: Visitor, refused: Refused, family: Family): LocalAnswer {
  const { code, status, message, reason, body } = refused;
  visitor.refusal = reason;
  if (body !== undefined) return { status, headers: refused.headers, body, failure: code };
  const answer = failureWriters[family]({ code, status, message, requestId: visitor.requestId });
  return { ...answer, headers: [...answer.headers, ...refused.headers] };
}

/** Whose clients ask for what a path means. */
export function familyOf(found: Lookup): Family {
  if (found.type === "endpoint") return found.endpoint.family;
  return found.type === "models" ? found.family : "openai";
}
