import type { IrUsage } from "../ir/usage.ts";
import type { Meter } from "../passage.ts";
import { asObject, asString } from "../wire/json.ts";
import { findLastMember, memberName, parseAt } from "../wire/json-scan.ts";
import {
  AnthropicUsage,
  readChatUsage,
  readCohereUsage,
  readMediaUsage,
  readResponsesUsage,
  readTranscriptUsage,
} from "../wire/usage.ts";
import { errorReason } from "./event-reader.ts";

/** Tells a meter what a whole answer says of itself. May throw on a body that is no JSON. */
export type ReadWhole = (body: Uint8Array, meter: Meter) => void;

const modelName = memberName("model");
const errorName = memberName("error");

/**
 * Without building the answer: embeddings have megabytes of numbers before the few counts that are wanted.
 * `absent` is what an answer counts that is an object and says nothing of its usage.
 */
function readWhole(
  usageMember: string,
  readUsage: (value: unknown) => IrUsage | undefined,
  absent?: IrUsage,
): ReadWhole {
  const usageName = memberName(usageMember);
  return (body, meter) => {
    const told = readUsage(parseAt(body, findLastMember(body, usageName)));
    const counts = told ?? (findLastMember(body, modelName) < 0 ? undefined : absent);
    if (counts !== undefined) meter.usage(counts);
    meter.model(asString(parseAt(body, findLastMember(body, modelName))) ?? "");
    const failure = parseAt(body, findLastMember(body, errorName));
    if (failure !== undefined && failure !== null) meter.failed(errorReason(failure));
  };
}

export const readChat = readWhole("usage", readChatUsage, { inputTokens: 0, outputTokens: 0 });
/** Also of embeddings. */
export const readCompletion = readWhole("usage", readChatUsage);
export const readResponse = readWhole("usage", readResponsesUsage);
export const readMedia = readWhole("usage", readMediaUsage);
export const readTranscript = readWhole("usage", readTranscriptUsage);
export const readRerank = readWhole("meta", readCohereUsage);
export const readMessage = readWhole("usage", readMessageUsage);
/** A count that was asked for: `input_tokens` at the top. */
export const readInputTokens = readWhole("input_tokens", (count) => readMediaUsage({ input_tokens: count }));

function readMessageUsage(value: unknown): IrUsage | undefined {
  if (asObject(value) === undefined) return undefined;
  const usage = new AnthropicUsage();
  usage.start(value);
  return usage.usage;
}
