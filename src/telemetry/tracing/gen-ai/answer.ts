import type { EndpointName } from "../../../dialects/passage.ts";
import { isObject } from "../../../dialects/wire/json.ts";
import { type Attributes, listIn, putText } from "../attributes.ts";
import type { SpanEnd } from "../convention.ts";
import { keys } from "./keys.ts";

type PutAnswer = (attributes: Attributes, end: SpanEnd) => void;

/** What answers say of themselves, for endpoints that show it. */
export const putAnswer: { readonly [E in EndpointName]?: PutAnswer } = {
  chat(attributes, end) {
    putCommon(attributes, end);
    putReasons(
      attributes,
      listIn(end.answer.json?.["choices"]).map((choice) => isObject(choice) && choice["finish_reason"]),
    );
  },
  completions: putCommon,
  embeddings(attributes, end) {
    putCommon(attributes, end);
    const [first] = listIn(end.answer.json?.["data"]);
    const vector = isObject(first) ? first["embedding"] : undefined;
    if (Array.isArray(vector)) attributes[keys.dimensions] = vector.length;
  },
  responses: putCommon,
  messages(attributes, end) {
    putCommon(attributes, end);
    putReasons(attributes, [end.answer.json?.["stop_reason"]]);
  },
  "count-tokens": putUsage,
  "responses-input-tokens": putUsage,
};

function putCommon(attributes: Attributes, end: SpanEnd): void {
  putText(attributes, keys.responseId, end.answer.json?.["id"]);
  putText(attributes, keys.responseModel, end.answer.json?.["model"]);
  putUsage(attributes, end);
}

/** Counts above 0. The input has what was read from and written to caches in it. */
function putUsage(attributes: Attributes, { settled: { usage } }: SpanEnd): void {
  if (usage.inputTokens) attributes[keys.inputTokens] = usage.inputTokens;
  if (usage.outputTokens) attributes[keys.outputTokens] = usage.outputTokens;
  if (usage.cacheReadTokens) attributes[keys.cacheReadTokens] = usage.cacheReadTokens;
  if (usage.cacheWriteTokens) attributes[keys.cacheWriteTokens] = usage.cacheWriteTokens;
  if (usage.reasoningTokens) attributes[keys.reasoningTokens] = usage.reasoningTokens;
}

function putReasons(attributes: Attributes, reasons: readonly unknown[]): void {
  const known = reasons.filter((reason) => typeof reason === "string");
  if (known.length > 0) attributes[keys.finishReasons] = known;
}
