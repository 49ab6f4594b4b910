import { Buffer } from "node:buffer";
import { ExchangeFailure } from "../../model/failure.ts";
import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { Warnings } from "../ir/warnings.ts";
import type { WholeBackend } from "../whole.ts";
import { arrayOf, numberOf, objectOf, parseObject, textOf } from "../wire/exact-json.ts";
import { pathSegment, prefixedPath } from "../wire/path.ts";
import { readError } from "./errors.ts";
import type { AnthropicHost } from "./hosts.ts";
import { writeBody } from "./write-request.ts";

type Target = BackendTarget<AnthropicHost>;

/** How many tokens a request has, as Claude counts them at Anthropic, on Vertex AI and on Bedrock. */
export const anthropicCount: WholeBackend<IrCountRequest, IrCountResponse, AnthropicHost> = {
  writeRequest(question, target) {
    const warnings = new Warnings();
    const body = countedBody(question, target, warnings);
    return {
      ...places[target.host.name](target, body),
      ...target.host.headers(target.headers),
      warnings: warnings.list,
    };
  },

  readResponse(text) {
    const answer = parseObject(text);
    const inputTokens = numberOf(answer?.["input_tokens"]) ?? numberOf(answer?.["inputTokens"]);
    if (inputTokens === undefined)
      throw new ExchangeFailure("bad_upstream_answer", "The upstream's answer has no count of tokens");
    return { inputTokens };
  },

  readError,
};

/** What is counted of a request; limits and sampling are not. */
const counted = ["messages", "system", "tools", "tool_choice", "thinking", "output_config"];

/** A request in Anthropic's own words goes as it is. */
function countedBody({ request, extras }: IrCountRequest, target: Target, warnings: Warnings): JsonObject {
  if (extras.anthropic !== undefined) {
    const { model: _, stream: __, ...own } = extras.anthropic;
    return own;
  }
  const whole = writeBody(request, target, warnings);
  const body: { [member: string]: Json } = {};
  for (const name of counted) if (whole[name] !== undefined) body[name] = whole[name];
  const system = arrayOf(body["system"]);
  if (system?.length === 1) body["system"] = textOf(objectOf(system[0])?.["text"]) ?? system;
  return body;
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
