import { ExchangeFailure } from "../../model/failure.ts";
import type { HeaderView } from "../../model/headers.ts";
import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrRequest } from "../ir/request.ts";
import { writeConversation } from "./conversation.ts";
import { writeGenerationConfig } from "./generation-config.ts";
import { modelPath } from "./model-name.ts";
import { writeToolConfig, writeTools } from "./tools.ts";
import type { GeminiRequest } from "./types.ts";
import { startWriting, type Writing } from "./writing.ts";

/** Throws `ExchangeFailure` (`untranslatable`) for what Gemini cannot be told. */
export function writeRequest(request: IrRequest, target: BackendTarget): WrittenRequest {
  const method = request.isStream ? "streamGenerateContent?alt=sse" : "generateContent";
  const writing = startWriting(request, target.model);
  const body = JSON.stringify(writeBody(request, writing));
  return {
    path: `${modelPath(target.model)}:${method}`,
    set: [],
    remove: foreignHeaders(target.headers),
    body,
    warnings: writing.warnings.list,
  };
}

function writeBody(request: IrRequest, writing: Writing): GeminiRequest {
  refuseState(request);
  const { contents, system } = writeConversation(request.messages, writing);
  const tools = writeTools(request, writing);
  const google = request.extras.google;
  warnDropped(request, writing);
  return {
    contents: contents.length === 0 ? null : contents,
    tools: tools.length === 0 ? null : tools,
    toolConfig: writeToolConfig(request, writing),
    generationConfig: writeGenerationConfig(request, writing),
    systemInstruction: system.length === 0 ? undefined : { parts: system },
    safetySettings: google?.["safetySettings"],
    cachedContent: google?.["cached_content"],
  };
}

/** Gemini keeps no conversations, so one that goes on from an earlier answer would begin anew. */
function refuseState({ previousResponseId }: IrRequest): void {
  if (previousResponseId === undefined) return;
  const reason = "answers are not kept; send the whole conversation";
  throw new ExchangeFailure("untranslatable", `invalid request body: previous_response_id: ${reason}`);
}

/** Anthropic's headers, which mean nothing to Google. */
export function foreignHeaders(headers: HeaderView): string[] {
  const names: string[] = [];
  headers.forEach((_, name) => {
    if (name.startsWith("anthropic-")) names.push(name);
  });
  return names;
}

function warnDropped(request: IrRequest, { warnings }: Writing): void {
  warnings.dropped(
    {
      parallel_tool_calls: request.parallelToolCalls === false ? false : undefined,
      logit_bias: request.sampling.logitBias,
      user: request.user ?? request.safetyId,
      metadata: request.metadata,
      service_tier: request.serviceTier,
      prompt_cache_key: request.cacheKey,
      verbosity: request.verbosity,
    },
    "Gemini",
  );
  if (request.store === true) warnings.loud("store", "Gemini keeps no answers");
  warnings.foreign(request.extras, "google", "Gemini");
}
