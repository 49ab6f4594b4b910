import { ExchangeFailure } from "../../model/failure.ts";
import { bedrockCountPath, wrapInvoked } from "../anthropic/count.ts";
import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { WholeBackend } from "../whole.ts";
import { readAwsError } from "../wire/aws-errors.ts";
import { numberOf, parseObject } from "../wire/exact-json.ts";
import { readBedrockModel } from "./bedrock-model.ts";
import type { ConverseRequest } from "./types.ts";
import { writeConversation } from "./write-messages.ts";
import { anthropicHeaders, startWriting } from "./write-request.ts";
import { writeToolConfig } from "./write-tools.ts";

/**
 * Bedrock's CountTokens. A request in Anthropic's own words goes as it is if Claude is to count it, so that nothing of it
 * is left out; any other goes in Converse's words.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html, read 2026-11
 */
export const converseCount: WholeBackend<IrCountRequest, IrCountResponse> = {
  writeRequest(question, target) {
    const own = question.extras.anthropic;
    const isOwn = own !== undefined && readBedrockModel(target.model).isClaude;
    if (!isOwn) return writeConverse(question, target);
    return {
      path: bedrockCountPath(target.model),
      set: [],
      remove: anthropicHeaders,
      body: JSON.stringify(wrapInvoked(own, target)),
      warnings: [],
    };
  },

  readResponse(text) {
    const inputTokens = numberOf(parseObject(text)?.["inputTokens"]);
    if (inputTokens === undefined)
      throw new ExchangeFailure("bad_upstream_answer", "Bedrock's answer has no count of tokens");
    return { inputTokens };
  },

  readError: readAwsError,
};

function writeConverse({ request }: IrCountRequest, { model }: BackendTarget): WrittenRequest {
  const writing = startWriting(request, model);
  const { system, messages } = writeConversation(request, writing);
  const conversation: Pick<ConverseRequest, "messages" | "system" | "toolConfig"> = {
    messages,
    system: system.length > 0 ? system : undefined,
    toolConfig: writeToolConfig(request, writing),
  };
  return {
    path: bedrockCountPath(model),
    set: [],
    remove: anthropicHeaders,
    body: JSON.stringify({ input: { converse: conversation } }),
    warnings: writing.warnings.list,
  };
}
