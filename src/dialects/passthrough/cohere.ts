import type { Passage, Replacement, UpstreamHead } from "../passage.ts";
import { jsonBody, writeCohereError } from "../wire/error-bodies.ts";
import { asObject, asString } from "../wire/json.ts";
import { belowPrefix, joinPath } from "../wire/path.ts";
import { decodeText } from "../wire/text.ts";
import { renameModel } from "./edit-request.ts";
import { passThrough } from "./pass-through.ts";
import { readCompletion, readRerank } from "./whole-answer.ts";

export const rerankAtCohere: Passage = passThrough({
  edit: renameModel,
  path: ({ schema }) => joinPath(schema.version ?? "", "rerank"),
  readWhole: readRerank,
  wrapError,
});

/** vLLM, Jina and others serve the same body below their OpenAI prefix, but count and fail in OpenAI's shape. */
export const rerankAtOpenAi: Passage = passThrough({
  edit: renameModel,
  path: belowPrefix("rerank"),
  readWhole: readCompletion,
  wrapError(head, body) {
    return wrapError(head, body) ?? jsonBody(writeCohereError(messageOf(decodeText(body))));
  },
});

function wrapError(head: UpstreamHead, body: Uint8Array): Replacement | undefined {
  const contentType = head.headers.get("content-type") ?? "";
  if (contentType === "" || contentType.includes("application/json")) return undefined;
  return jsonBody(writeCohereError(decodeText(body)));
}

/** OpenAI: `error.message`; FastAPI: `detail`; vLLM of old: `message`. */
function messageOf(text: string): string {
  try {
    const body = asObject(JSON.parse(text));
    const error = asObject(body?.["error"]);
    return asString(error?.["message"] ?? body?.["message"] ?? body?.["detail"] ?? body?.["error"]) ?? text;
  } catch {
    return text;
  }
}
