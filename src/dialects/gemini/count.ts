import type { BackendTarget, WrittenRequest } from "../dialect.ts";
import type { IrCountRequest, IrCountResponse } from "../ir/small.ts";
import type { WholeBackend } from "../whole.ts";
import { numberOf, parseObject } from "../wire/exact-json.ts";
import { writeConversation } from "./conversation.ts";
import { readError } from "./errors.ts";
import { writeMediaResolution } from "./generation-config.ts";
import { modelPath } from "./model-name.ts";
import { refuse, reword } from "./refuse.ts";
import { foreignHeaders } from "./request.ts";
import { writeTools } from "./tools.ts";
import { startWriting } from "./writing.ts";

/** `countTokens` of Vertex AI: what the same messages and tools would cost as input. */
export const geminiCount: WholeBackend<IrCountRequest, IrCountResponse> = {
  writeRequest: writeCount,
  readResponse(text) {
    const inputTokens = numberOf(parseObject(text)?.["totalTokens"]);
    if (inputTokens === undefined) throw new SyntaxError("a count of Gemini has totalTokens");
    return { inputTokens };
  },
  readError,
  reword,
};

function writeCount({ request }: IrCountRequest, target: BackendTarget): WrittenRequest {
  const writing = startWriting(request, target.model);
  const { contents, system } = writeConversation(request.messages, writing);
  if (contents.length === 0 && system.length === 0)
    refuse("invalid user message", "there is nothing to count");
  const tools = writeTools(request, writing);
  const resolution = writeMediaResolution(request, writing);
  const body = {
    contents,
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(resolution === undefined ? {} : { generationConfig: { mediaResolution: resolution } }),
  };
  return {
    path: `${modelPath(target.model)}:countTokens`,
    set: [],
    remove: foreignHeaders(target.headers),
    body: JSON.stringify(body),
    warnings: writing.warnings.list,
  };
}
