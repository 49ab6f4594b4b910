import { Buffer } from "node:buffer";
import { ExchangeFailure } from "../../model/failure.ts";
import type { BackendTarget } from "../dialect.ts";
import type { IrRequest } from "../ir/request.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import { ToolNames } from "../ir/tool-names.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { Warnings } from "../ir/warnings.ts";
import type { WholeBackend } from "../whole.ts";
import { numberOf, parseObject } from "../wire/exact-json.ts";
import { belowPrefix, pathSegment } from "../wire/path.ts";
import { invokeBetas } from "./betas.ts";
import { readError } from "./errors.ts";
import type { AnthropicHost } from "./hosts.ts";
import { writeMessages } from "./write-messages.ts";
import { PartWriting } from "./write-parts.ts";
import { toolNameRule, writeToolChoice, writeTools } from "./write-tools.ts";

type Target = BackendTarget<AnthropicHost>;

/** Where a host of Claude counts tokens, and what it wants around the body of a message. */
interface CountHost {
  path(target: BackendTarget): string;
  wrap(message: JsonObject, target: BackendTarget): JsonObject;
  /** The member of the answer that has the count. */
  readonly countMember: string;
}

const hosts: { readonly [H in AnthropicHost["name"]]: CountHost } = {
  native: {
    path: belowPrefix("messages/count_tokens"),
    wrap: (message, { model }) => ({ ...message, model }),
    countMember: "input_tokens",
  },
  /** One path for all models, so that the model stays in the body, by its plain name. */
  vertex: {
    path: () => "publishers/anthropic/models/count-tokens:rawPredict",
    wrap: (message, { schema, model }) => ({
      ...message,
      anthropic_version: schema.version || "vertex-2023-10-16",
      model: model.replace(/@default$/, "").replace(/@latest$/, ""),
    }),
    countMember: "input_tokens",
  },
  invoke: { path: ({ model }) => bedrockCountPath(model), wrap: wrapInvoked, countMember: "inputTokens" },
};

const regionPrefix = /^(?:us-gov|us|eu|apac|uk|au|jp|global)\./;

/**
 * Path of Bedrock's CountTokens. Base models only can count: their regional prefixes are refused, and so is what an ARN
 * has in front of the model.
 */
export function bedrockCountPath(model: string): string {
  const at = model.indexOf("anthropic.");
  const base = at > 0 ? model.slice(at) : model.replace(regionPrefix, "");
  return `/model/${pathSegment(base)}/count-tokens`;
}

/** The body of an InvokeModel request, in base64. Claude insists on a limit, which counting does not need. */
export function wrapInvoked(message: JsonObject, { schema, headers }: BackendTarget): JsonObject {
  const { model: _, stream: __, ...rest } = message;
  const invoked: { [member: string]: Json } = {
    ...rest,
    anthropic_version: schema.version || "bedrock-2023-05-31",
    max_tokens: rest["max_tokens"] ?? 1,
  };
  const betas = invokeBetas(headers.get("anthropic-beta"));
  if (betas.length > 0) invoked["anthropic_beta"] = betas;
  return { input: { invokeModel: { body: Buffer.from(JSON.stringify(invoked)).toString("base64") } } };
}

/** What a host of Claude is sent to count a message in Anthropic's own words. */
export function writeCount(message: JsonObject, target: Target) {
  const { path, wrap } = hosts[target.host.name];
  return {
    path: path(target),
    ...target.host.headers(target.headers),
    body: JSON.stringify(wrap(message, target)),
  };
}

export const noCount = "Claude's answer has no count of tokens";

/** `undefined` for an answer without a count. */
export function readCount(text: string, host: AnthropicHost): IrCountResponse | undefined {
  const inputTokens = numberOf(parseObject(text)?.[hosts[host.name].countMember]);
  return inputTokens === undefined ? undefined : { inputTokens };
}

/** Claude counts the tokens of a conversation that was asked about in another API. */
export function countAt(host: AnthropicHost): WholeBackend<IrCountRequest, IrCountResponse, AnthropicHost> {
  return {
    writeRequest({ request }, target) {
      const warnings = new Warnings();
      return {
        ...writeCount(writeCounted(request, target.host, warnings), target),
        warnings: warnings.list,
      };
    },
    readResponse(text) {
      const count = readCount(text, host);
      if (count === undefined) throw new ExchangeFailure("bad_upstream_answer", noCount);
      return count;
    },
    readError(answer) {
      const error = readError(answer, host);
      const isUnnamed = host.name === "vertex" && error.isUnnamed;
      return isUnnamed ? { ...error, type: "GCPAnthropicBackendError" } : error;
    },
  };
}

/** Of a request only what is counted. */
function writeCounted(request: IrRequest, host: AnthropicHost, warnings: Warnings): JsonObject {
  const names = new ToolNames(request, toolNameRule);
  const writing = new PartWriting(host, warnings, (name) => names.write(name));
  const { system, messages } = writeMessages(request.messages, writing);
  const tools = writeTools(request, names, host, warnings);
  const choice = writeToolChoice(request, names);
  const [first] = system;
  return {
    messages,
    ...(first === undefined ? {} : { system: system.length === 1 ? first["text"]! : system }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
  };
}
