/** What tests of this dialect share. */
import type { BackendTarget } from "../dialect.ts";
import type { IrAnswerPart, IrMedia, IrUserPart } from "../ir/parts.ts";
import type { IrMessage, IrRequest, IrTool } from "../ir/request.ts";
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

export const text = (value: string) => ({ type: "text", text: value }) as const;
export const user = (...parts: IrUserPart[]): IrMessage => ({ role: "user", parts });
export const system = (...words: string[]): IrMessage => ({
  role: "system",
  voice: "system",
  parts: words.map(text),
});
export const answer = (...parts: IrAnswerPart[]): IrMessage => ({
  role: "assistant",
  parts,
  isOrderKnown: true,
});
export const fromChat = (...parts: IrAnswerPart[]): IrMessage => ({
  role: "assistant",
  parts,
  isOrderKnown: false,
});
export const call = (id: string, input: string, signature?: string): IrAnswerPart => ({
  type: "tool-call",
  kind: "function",
  id,
  name: "add",
  input,
  ...(signature === undefined ? {} : { signature: { value: signature, form: "text", family: "google" } }),
});
export const thought = (value: string | undefined, signature?: string, isBeside = false): IrAnswerPart => ({
  type: "reasoning",
  text: value,
  isBeside,
  ...(signature === undefined ? {} : { signature: { value: signature, form: "text" } }),
});
export const result = (callId: string, ...parts: (ReturnType<typeof text> | IrMedia)[]): IrUserPart => ({
  type: "tool-result",
  callId,
  parts,
});
export const image = (members: Partial<IrMedia>): IrMedia => ({
  type: "media",
  kind: "image",
  source: { type: "base64", data: "AAAA" },
  ...members,
});
export const fn = (name: string, members: Partial<Extract<IrTool, { type: "function" }>> = {}): IrTool => ({
  type: "function",
  name,
  ...members,
});
