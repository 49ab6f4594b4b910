/** What tests of this dialect share. */
import type { BackendTarget } from "../dialect.ts";
import type { IrRequest } from "../ir/request.ts";
import type { JsonObject } from "../ir/values.ts";
import { deepFreeze } from "../testing.ts";
import { geminiHost } from "./host.ts";
import { writeRequest } from "./request.ts";

/** A request of one question; frozen, since every attempt starts from it. */
export function request(members: Partial<IrRequest> = {}): IrRequest {
  return deepFreeze({
    model: "gemini-2.5-flash",
    isStream: false,
    wantsUsage: false,
    messages: [{ role: "user", parts: [{ type: "text", text: "Hi" }] }],
    tools: [],
    sampling: {},
    extras: {},
    ...members,
  });
}

export function target(model = "gemini-2.5-flash", headers: Record<string, string> = {}): BackendTarget {
  return { schema: { name: "GCPVertexAI" }, model, host: geminiHost, headers: new Headers(headers) };
}

export function bodyOf(members: Partial<IrRequest>, model?: string): JsonObject {
  return JSON.parse(writeRequest(request(members), target(model)).body) as JsonObject;
}
