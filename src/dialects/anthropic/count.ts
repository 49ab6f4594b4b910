import { Buffer } from "node:buffer";
import { ExchangeFailure } from "../../model/failure.ts";
import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrRequest } from "../ir/request.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import { ToolNames } from "../ir/tool-names.ts";
import type { JsonObject } from "../ir/values.ts";
import { Warnings } from "../ir/warnings.ts";
import type { WholeBackend } from "../whole.ts";
import { numberOf, parseObject } from "../wire/exact-json.ts";
import { pathSegment, prefixedPath } from "../wire/path.ts";
import { readError } from "./errors.ts";
import type { AnthropicHost } from "./hosts.ts";
import { writeMessages } from "./write-messages.ts";
import { toolNames } from "./write-request.ts";
import { writeToolChoice, writeTools } from "./write-tools.ts";

type Target = BackendTarget<AnthropicHost>;

/** Claude counts the tokens of a conversation that was asked about in another API. */
export function countAt(host: AnthropicHost): WholeBackend<IrCountRequest, IrCountResponse, AnthropicHost> {
  return {
    writeRequest({ request }, target) {
      const warnings = new Warnings();
      const place = places[host.name](target, writeCounted(request, host, warnings));
      return { ...place, ...host.headers(target.headers), warnings: warnings.list };
    },

    readResponse(text) {
      const answer = parseObject(text);
      const inputTokens = numberOf(answer?.["input_tokens"]) ?? numberOf(answer?.["inputTokens"]);
      if (inputTokens === undefined)
        throw new ExchangeFailure("bad_upstream_answer", "Claude's answer has no count of tokens");
      return { inputTokens };
    },

    readError,
  };
}

/** Of a request only what is counted. */
function writeCounted(request: IrRequest, host: AnthropicHost, warnings: Warnings): JsonObject {
  const names = new ToolNames(request, toolNames);
  const writing = { host, warnings, toolName: (name: string) => names.write(name) };
  const { system, messages } = writeMessages(request.messages, writing);
  const tools = writeTools(request, names, host);
  const choice = writeToolChoice(request, names);
  const [first] = system;
  return {
    messages,
    ...(first === undefined ? {} : { system: system.length === 1 ? first["text"]! : system }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
  };
}

type Place = (target: Target, body: JsonObject) => Pick<WrittenRequest, "path" | "body">;

/** Where each host counts, and what it wants around the question. */
const places: { readonly [H in AnthropicHost["name"]]: Place } = {
  native: ({ schema, model }, body) => ({
    path: prefixedPath(schema.prefix, "messages/count_tokens"),
    body: JSON.stringify({ model, ...body }),
  }),
  vertex: ({ schema, model }, body) => ({
    path: "publishers/anthropic/models/count-tokens:rawPredict",
    body: JSON.stringify({
      model: model.replace(/@(?:default|latest)$/, ""),
      ...body,
      anthropic_version: schema.version || "vertex-2023-10-16",
    }),
  }),
  // Regional prefixes of the model are refused here. Claude insists on a limit, which counting does not need.
  invoke: (target, body) => {
    const invoked = { max_tokens: 1, ...body, ...target.host.envelope(target, false) };
    const bytes = Buffer.from(JSON.stringify(invoked)).toString("base64");
    const base = target.model.slice(Math.max(0, target.model.indexOf("anthropic.")));
    return {
      path: `/model/${pathSegment(base)}/count-tokens`,
      body: JSON.stringify({ input: { invokeModel: { body: bytes } } }),
    };
  },
};
