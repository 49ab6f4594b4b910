import { expect, test } from "bun:test";
import { type BedrockModel, readBedrockModel } from "./bedrock-model.ts";

const cases: [id: string, want: Partial<BedrockModel>][] = [
  [
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    { isClaude: true, sealFamily: "anthropic", effort: "none", canLimitCalls: true, needsSchemaTool: false },
  ],
  ["anthropic.claude-opus-4-6-v1", { effort: "output_config", canLimitCalls: true }],
  [
    "anthropic.claude-3-5-sonnet-20241022-v2:0",
    { effort: "none", canLimitCalls: false, needsSchemaTool: true },
  ],
  ["anthropic.claude-v2:1", { isClaude: true, canLimitCalls: false }],
  [
    "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-haiku-4-5-v1:0",
    { isClaude: true, canLimitCalls: true },
  ],
  [
    "us.amazon.nova-pro-v1:0",
    { isClaude: false, sealFamily: "aws", needsSchemaTool: true, effort: "reasoning_config" },
  ],
  ["global.amazon.nova-2-lite-v1:0", { sealFamily: "aws", effort: "reasoningConfig" }],
  ["openai.gpt-oss-120b-1:0", { sealFamily: "aws", effort: "reasoning_effort", needsSchemaTool: false }],
  ["us.meta.llama4-scout-17b-instruct-v1:0", { sealFamily: "aws", needsSchemaTool: false }],
  [
    "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
    { isClaude: false, sealFamily: undefined, needsSchemaTool: false },
  ],
  ["my-model", { sealFamily: undefined, effort: "reasoning_config" }],
];

test.each(cases)("readBedrockModel knows what %s can do", (id, want) => {
  expect(readBedrockModel(id)).toMatchObject(want);
});
