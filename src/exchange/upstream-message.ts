import type { ClientRequest, Outbound } from "../dialects/passage.ts";
import { editJson } from "../dialects/wire/json-edit.ts";
import type { CarriedHeaders } from "./observer.ts";
import type { PreparedBackend } from "./prepare.ts";

/** One attempt's request, as edits of the client's: removals first, then sets in order. */
export interface UpstreamMessage {
  readonly path: string;
  readonly remove: readonly string[];
  /** Headers of the client that begin like this are removed as well. */
  readonly removePrefixes: readonly string[];
  readonly set: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** False where `body` is the client's, byte for byte. */
  readonly isBodyReplaced: boolean;
  /** Further requests of this attempt; see `Outbound.more`. */
  readonly more?: readonly UpstreamMessage[];
}

/** What is sent, but for its signature. `carried`: headers that tell the upstream whose request it is. */
export function compose(
  request: ClientRequest,
  outbound: Outbound,
  backend: PreparedBackend,
  carried: CarriedHeaders | undefined,
): UpstreamMessage {
  const { ai } = backend;
  const translated = outbound.body ?? request.bytes;
  const remove = outbound.remove.length === 0 ? backend.remove : [...outbound.remove, ...backend.remove];
  const set = ai.headers.set.length === 0 ? outbound.set : [...outbound.set, ...ai.headers.set];
  const message: UpstreamMessage = {
    path: outbound.path,
    // What is carried comes first, so that what is configured for a backend wins.
    remove: carried === undefined ? remove : [...carried.remove, ...remove],
    removePrefixes: backend.removePrefixes,
    set: carried === undefined ? set : [...carried.set, ...set],
    body: edited(translated, request, backend),
    isBodyReplaced: isEdited(request, backend) || outbound.body !== undefined,
  };
  if (outbound.more === undefined) return message;
  return {
    ...message,
    more: outbound.more.map((body) => ({ ...message, body: edited(body, request, backend) })),
  };
}

function isEdited(request: ClientRequest, { ai }: PreparedBackend): boolean {
  return ai.body.length > 0 && request.form === undefined;
}

function edited(body: Uint8Array, request: ClientRequest, backend: PreparedBackend): Uint8Array {
  return isEdited(request, backend) ? editJson(body, backend.ai.body) : body;
}
