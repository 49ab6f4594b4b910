import { Buffer } from "node:buffer";
import { ExchangeFailure } from "../../model/failure.ts";
import { invokeBetas } from "../anthropic/betas.ts";
import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import type { WholeBackend } from "../whole.ts";
import { readAwsError } from "../wire/aws-errors.ts";
import { numberOf, parseObject } from "../wire/exact-json.ts";
import { pathSegment } from "../wire/path.ts";
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
    return isOwn ? writeInvoke(own, target) : writeConverse(question, target);
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
    path: countPath(model),
    set: [],
    remove: anthropicHeaders,
    body: JSON.stringify({ input: { converse: conversation } }),
    warnings: writing.warnings.list,
  };
}

/** The body of an InvokeModel request, in base64. Claude insists on a limit, which counting does not need. */
function writeInvoke(own: JsonObject, { model, schema, headers }: BackendTarget): WrittenRequest {
  const { model: _, stream: __, ...rest } = own;
  const invoked: { [member: string]: Json } = {
    ...rest,
    anthropic_version: schema.version || "bedrock-2023-05-31",
    max_tokens: rest["max_tokens"] ?? 1,
  };
  const betas = invokeBetas(headers.get("anthropic-beta"));
  if (betas.length > 0) invoked["anthropic_beta"] = betas;
  const bytes = Buffer.from(JSON.stringify(invoked)).toString("base64");
  const body = JSON.stringify({ input: { invokeModel: { body: bytes } } });
  return { path: countPath(model), set: [], remove: anthropicHeaders, body, warnings: [] };
}

const regionPrefix = /^(?:us-gov|us|eu|apac|uk|au|jp|global)\./;

/**
 * Base models only can count: their regional prefixes are refused, and so is what an ARN has in front of the model.
 */
function countPath(model: string): string {
  const at = model.indexOf("anthropic.");
  const base = at > 0 ? model.slice(at) : model.replace(regionPrefix, "");
  return `/model/${pathSegment(base)}/count-tokens`;
}
