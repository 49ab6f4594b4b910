import { describe, expect, test } from "bun:test";
import type { IrRequest } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { bodyOf, fn } from "./testing.ts";

const parameters = { type: "object", properties: {} };
const tools: {
  name: string;
  members: Partial<IrRequest>;
  want: unknown;
  config?: unknown;
  model?: string;
}[] = [
  {
    name: "functions in one entry behind the tools of Google's",
    members: {
      tools: [
        fn("a", { description: "A.", parameters }),
        {
          type: "server",
          kind: "web-search",
          family: "google",
          name: "web_search",
          options: {
            exclude_domains: ["x.org"],
            time_range_filter: { start_time: "2025-01-01T00:00:00Z", end_time: "2026-01-01T00:00:00Z" },
          },
        },
        { type: "server", kind: "other", name: "url_context", options: { type: "url_context" } },
        fn("b"),
      ],
    },
    want: [
      {
        googleSearch: {
          excludeDomains: ["x.org"],
          timeRangeFilter: { startTime: "2025-01-01T00:00:00Z", endTime: "2026-01-01T00:00:00Z" },
        },
      },
      { urlContext: {} },
      {
        functionDeclarations: [
          { name: "a", description: "A.", parametersJsonSchema: parameters },
          { name: "b" },
        ],
      },
    ],
  },
  {
    name: "Anthropic's search as Google's, its other tools not at all",
    members: {
      tools: [
        {
          type: "server",
          kind: "web-search",
          family: "anthropic",
          name: "web_search",
          options: { type: "web_search_20250305", blocked_domains: ["x.org"] },
        },
        { type: "server", kind: "other", family: "anthropic", name: "bash", options: {} },
      ],
    },
    want: [{ googleSearch: { excludeDomains: ["x.org"] } }],
  },
  { name: "a choice without functions as none", members: { toolChoice: { mode: "auto" } }, want: null },
  {
    name: "converted parameters before 2.5, none for an empty schema",
    model: "gemini-1.5-pro",
    members: { tools: [fn("a", { parameters: { type: "object", $defs: {} } }), fn("b", { parameters: {} })] },
    want: [{ functionDeclarations: [{ name: "a", parameters: { type: "object" } }, { name: "b" }] }],
  },
  {
    name: "a strict function under auto as validated",
    members: { tools: [fn("a", { strict: true })], toolChoice: { mode: "auto" } },
    want: [{ functionDeclarations: [{ name: "a" }] }],
    config: { functionCallingConfig: { mode: "VALIDATED" } },
  },
  {
    name: "some functions under auto as all that there are",
    members: { tools: [fn("a"), fn("b")], toolChoice: { mode: "auto", names: ["b"] } },
    want: [{ functionDeclarations: [{ name: "b" }] }],
    config: { functionCallingConfig: { mode: "AUTO" } },
  },
  {
    name: "required functions by name, illegal names changed alike",
    members: { tools: [fn("2 fast"), fn("b")], toolChoice: { mode: "required", names: ["2 fast"] } },
    want: [{ functionDeclarations: [{ name: "__fast" }, { name: "b" }] }],
    config: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["__fast"] } },
  },
];

describe("writeTools", () => {
  test.each(tools)("writes $name", ({ members, want, config, model }) => {
    const body = bodyOf(members, model);
    expect(body["tools"]).toEqual(want as JsonObject);
    expect(body["toolConfig"]).toEqual(config as JsonObject);
  });
});
