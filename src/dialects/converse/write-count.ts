import type { IrRequest } from "../ir/request.ts";
import type { IrWarning } from "../ir/values.ts";
import type { ConverseRequest } from "./types.ts";
import { writeConversation } from "./write-messages.ts";
import { startWriting } from "./write-request.ts";
import { writeToolConfig } from "./write-tools.ts";

/** What of a Converse request its tokens are counted of. Throws `ExchangeFailure` for what Bedrock cannot be told. */
export function writeCount(
  request: IrRequest,
  model: string,
): {
  readonly conversation: Pick<ConverseRequest, "messages" | "system" | "toolConfig">;
  readonly warnings: readonly IrWarning[];
} {
  const writing = startWriting(request, model);
  const { system, messages } = writeConversation(request, writing);
  const conversation = {
    messages,
    system: system.length > 0 ? system : undefined,
    toolConfig: writeToolConfig(request, writing),
  };
  return { conversation, warnings: writing.warnings.list };
}
