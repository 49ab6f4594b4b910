import type { ClientRequest, EndpointName, Passage, Replacement, Target, UpstreamHead } from "../passage.ts";
import { jsonBody, writeAnthropicError } from "../wire/error-bodies.ts";
import { belowPrefix } from "../wire/path.ts";
import { decodeText } from "../wire/text.ts";
import { renameModel } from "./edit-request.ts";
import { MessagesEvents } from "./events/messages-events.ts";
import { type Edited, type PassThrough, passThrough } from "./pass-through.ts";
import { readInputTokens, readMessage } from "./whole-answer.ts";

/** What the API was when it became public; it refuses requests that name none. */
const oldestVersion = "2023-06-01";

function editMessages(request: ClientRequest, target: Target): Edited {
  const edited = renameModel(request, target);
  if (request.headers.has("anthropic-version")) return edited;
  return { ...edited, set: [...(edited.set ?? []), ["anthropic-version", oldestVersion]] };
}

function wrapError(head: UpstreamHead, body: Uint8Array): Replacement | undefined {
  if ((head.headers.get("content-type") ?? "").includes("application/json")) return undefined;
  const requestId = head.headers.get("request-id") ?? head.headers.get("x-amzn-requestid") ?? "";
  return jsonBody(writeAnthropicError(head.status, decodeText(body), requestId));
}

function atAnthropic(way: Pick<PassThrough, "readWhole" | "openEvents">, path: string): Passage {
  return passThrough({
    ...way,
    edit: editMessages,
    path: belowPrefix(path),
    wrapError,
  });
}

export const anthropicPassages: { readonly [E in EndpointName]?: Passage } = {
  messages: atAnthropic(
    { readWhole: readMessage, openEvents: (meter) => new MessagesEvents(meter) },
    "messages",
  ),
  "count-tokens": atAnthropic({ readWhole: readInputTokens }, "messages/count_tokens"),
};
