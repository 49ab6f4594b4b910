import { describe, expect, test } from "bun:test";
import type { IrRequest } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { bodyOf } from "./testing.ts";

const schema = { type: "object", properties: { n: { type: ["integer", "null"] } } };
const configs: { name: string; members: Partial<IrRequest>; want: JsonObject; model?: string }[] = [
  {
    name: "sampling",
    members: {
      sampling: {
        temperature: 0.2,
        topP: 0.9,
        topK: 4,
        seed: -7,
        presencePenalty: 1,
        frequencyPenalty: -1,
        stop: ["END"],
        n: 2,
        logprobs: true,
        topLogprobs: 3,
      },
      maxOutputTokens: 20,
    },
    want: {
      temperature: 0.2,
      topP: 0.9,
      topK: 4,
      maxOutputTokens: 20,
      stopSequences: ["END"],
      candidateCount: 2,
      seed: -7,
      presencePenalty: 1,
      frequencyPenalty: -1,
      responseLogprobs: true,
      logprobs: 3,
    },
  },
  { name: "no limit of 0", members: { maxOutputTokens: 0, sampling: { logprobs: false } }, want: {} },
  { name: "text", members: { format: { type: "text" } }, want: { responseMimeType: "text/plain" } },
  {
    name: "a schema as it is from 2.5",
    members: { format: { type: "json-schema", schema } },
    want: { responseMimeType: "application/json", responseJsonSchema: schema },
  },
  {
    name: "a schema converted before",
    model: "gemini-2.0-flash",
    members: { format: { type: "json-schema", schema } },
    want: {
      responseMimeType: "application/json",
      responseSchema: { type: "object", properties: { n: { type: "integer", nullable: true } } },
    },
  },
  { name: "an empty pattern as none", members: { guided: { regex: "" } }, want: {} },
  { name: "text alone as nothing", members: { modalities: ["text"] }, want: {} },
  {
    name: "images",
    members: { modalities: ["text", "image"] },
    want: { responseModalities: ["TEXT", "IMAGE"] },
  },
  {
    name: "speech",
    model: "gemini-2.5-flash-preview-tts",
    members: { modalities: ["text", "audio"], audio: { voice: "Kore", format: "pcm16" } },
    want: {
      responseModalities: ["AUDIO"],
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
    },
  },
  {
    name: "the extension, in Gemini's own words",
    model: "gemini-3-flash-preview",
    members: {
      sampling: { topK: 4 },
      extras: {
        google: {
          generationConfig: {
            media_resolution: "MEDIA_RESOLUTION_LOW",
            topK: 9,
            imageConfig: { aspectRatio: "1:1" },
          },
        },
      },
    },
    want: { topK: 9, imageConfig: { aspectRatio: "1:1" }, mediaResolution: "MEDIA_RESOLUTION_LOW" },
  },
  {
    name: "no media resolution before version 3",
    members: { extras: { google: { generationConfig: { media_resolution: "MEDIA_RESOLUTION_LOW" } } } },
    want: {},
  },
];

const pro = "gemini-2.5-pro";
const flash3 = "gemini-3-flash-preview";
const pro3 = "gemini-3-pro-preview";
const thinking: [string, string, IrRequest["reasoning"], JsonObject | undefined][] = [
  ["effort none turns 2.5 Flash off", "gemini-2.5-flash", { effort: "none" }, { thinkingBudget: 0 }],
  ["effort none leaves 2.5 Pro alone", pro, { effort: "none" }, undefined],
  ["effort medium is a budget on 2.5", pro, { effort: "medium" }, { thinkingBudget: 8192 }],
  ["effort max is the largest budget on 2.5", pro, { effort: "max" }, { thinkingBudget: 24576 }],
  ["effort none is minimal on 3 Flash", flash3, { effort: "none" }, { thinkingLevel: "MINIMAL" }],
  ["effort none is low on 3 Pro", pro3, { effort: "none" }, { thinkingLevel: "LOW" }],
  ["effort medium is high on 3 Pro", pro3, { effort: "medium" }, { thinkingLevel: "HIGH" }],
  [
    "effort medium is medium on 3.1 Pro",
    "gemini-3.1-pro-preview",
    { effort: "medium" },
    { thinkingLevel: "MEDIUM" },
  ],
  ["effort xhigh is high on 3 Pro", pro3, { effort: "xhigh" }, { thinkingLevel: "HIGH" }],
  ["a budget goes as it is", pro, { mode: "on", budgetTokens: 2000 }, { thinkingBudget: 2000 }],
  [
    "a budget is lowered to what Flash takes",
    "gemini-2.5-flash",
    { mode: "on", budgetTokens: 31999 },
    { thinkingBudget: 24576 },
  ],
  [
    "a budget replaces the effort",
    pro3,
    { mode: "on", budgetTokens: 2000, effort: "low" },
    { thinkingBudget: 2000 },
  ],
  [
    "what is to be shown is said",
    pro,
    { mode: "on", budgetTokens: 2000, show: "summarized" },
    { includeThoughts: true, thinkingBudget: 2000 },
  ],
  ["off is no budget", "gemini-2.5-flash", { mode: "off", show: "summarized" }, { thinkingBudget: 0 }],
  [
    "adaptive is shown, and dynamic on 2.5",
    pro,
    { mode: "adaptive" },
    { includeThoughts: true, thinkingBudget: -1 },
  ],
  ["adaptive is shown on 3", pro3, { mode: "adaptive" }, { includeThoughts: true }],
  [
    "adaptive goes with an effort",
    pro3,
    { mode: "adaptive", effort: "low", show: "omitted" },
    { thinkingLevel: "LOW" },
  ],
  [
    "a model that does not think is not told to",
    "gemini-2.0-flash",
    { mode: "on", budgetTokens: 2000 },
    undefined,
  ],
  ["an effort is nothing to an unknown model", "tuned", { effort: "high" }, undefined],
];

describe("writeGenerationConfig", () => {
  test.each(configs)("writes $name", ({ members, want, model }) => {
    expect(bodyOf(members, model)["generationConfig"]).toEqual(want);
  });

  test.each(thinking)("%s", (_, model, reasoning, want) => {
    const config = bodyOf({ reasoning }, model)["generationConfig"] as JsonObject;
    expect(config["thinkingConfig"]).toEqual(want as JsonObject);
  });
});
