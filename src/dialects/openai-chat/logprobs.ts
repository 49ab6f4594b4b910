import type { IrTokenChoice } from "../ir/events.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { arrayOf, numberOf, objectOf, textOf } from "../wire/exact-json.ts";

/** Log probabilities of a choice or of a chunk's delta. */
export function readLogprobs(logprobs: Json | undefined): readonly IrTokenChoice[] | undefined {
  const content = arrayOf(objectOf(logprobs)?.["content"]);
  return content?.map((item) => {
    const token = objectOf(item) ?? {};
    return {
      ...readToken(token),
      top: (arrayOf(token["top_logprobs"]) ?? []).map((other) => readToken(objectOf(other) ?? {})),
    };
  });
}

function readToken(token: JsonObject) {
  const bytes = arrayOf(token["bytes"])?.map((byte) => numberOf(byte) ?? 0);
  return { token: textOf(token["token"]) ?? "", logprob: numberOf(token["logprob"]) ?? 0, bytes };
}

export function writeLogprobs(tokens: readonly IrTokenChoice[]): JsonObject {
  const content = tokens.map(({ token, logprob, bytes = null, top }) => ({
    token,
    logprob,
    bytes,
    top_logprobs: top.map((other) => ({
      token: other.token,
      logprob: other.logprob,
      bytes: other.bytes ?? null,
    })),
  }));
  return { content };
}
