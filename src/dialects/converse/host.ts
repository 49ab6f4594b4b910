import type { Host } from "../dialect.ts";
import { AwsEventStreamReader } from "../wire/aws-event-stream.ts";

/** Amazon Bedrock's runtime. */
export interface ConverseHost extends Host {
  /**
   * Whether "one tool call at a time" goes to Claude as its own `tool_choice`, in place of Converse's, which cannot say
   * it. Bedrock is known to take it, but does not document it.
   */
  readonly hasNativeToolChoice: boolean;
}

export const converseHost: ConverseHost = {
  hasNativeToolChoice: true,
  frames: () => new AwsEventStreamReader(),
};
