import type { IrTokenChoice } from "../ir/events.ts";
import type { IrCitation, Json, JsonObject } from "../ir/values.ts";
import type { ClientTool } from "./client-tools.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

/** The items of one response have ids of their own: unlike those of other turns, which clients keep beside them. */
export class ItemIds {
  readonly #token: string;

  /** OpenAI takes letters, digits, `_` and `-`, 64 of them. */
  constructor(responseId: string) {
    this.#token = responseId
      .replace(/^resp_(?:msg_|chatcmpl-)?/, "")
      .replace(/[^A-Za-z0-9_-]/g, "-")
      .slice(-48);
  }

  of(prefix: "msg" | "rs" | "fc" | "ctc", index: number): string {
    return `${prefix}_${this.#token}_${index}`;
  }
}

export function messageItem(id: string, content: readonly JsonObject[], status: ItemStatus): JsonObject {
  return { id, type: "message", status, role: "assistant", content };
}

/** A part of a message, while it grows. */
export type TextContent = {
  readonly type: "output_text";
  readonly annotations: JsonObject[];
  readonly logprobs: JsonObject[];
  text: string;
};

export function textContent(): TextContent {
  return { type: "output_text", annotations: [], logprobs: [], text: "" };
}

export type RefusalContent = { readonly type: "refusal"; refusal: string };

export function refusalContent(): RefusalContent {
  return { type: "refusal", refusal: "" };
}

/** Reasoning is shown as a summary of it, which is what most providers give; `encrypted` is what gives it back whole. */
export function reasoningItem(id: string, text: string, encrypted: string | undefined): JsonObject {
  const item = { id, type: "reasoning", summary: text === "" ? [] : [summaryPart(text)] };
  return encrypted === undefined ? item : { ...item, encrypted_content: encrypted };
}

export function summaryPart(text: string): JsonObject {
  return { type: "summary_text", text };
}

export function callItem(
  id: string,
  callId: string,
  tool: ClientTool,
  input: string,
  status: ItemStatus,
): JsonObject {
  const called = { call_id: callId, ...nameMembers(tool) };
  return tool.isFreeForm
    ? { id, type: "custom_tool_call", status, ...called, input }
    : { id, type: "function_call", status, ...called, arguments: input };
}

function nameMembers({ name, namespace }: ClientTool): JsonObject {
  return namespace === undefined ? { name } : { namespace, name };
}

/** Citations without an address have no form here. `length`: of the text so far. */
export function annotationOf(citation: IrCitation, length: number): JsonObject | undefined {
  const { url, title, startIndex, endIndex } = citation;
  if (url === undefined) return undefined;
  return {
    type: "url_citation",
    url,
    title: title ?? url,
    start_index: startIndex ?? 0,
    end_index: endIndex ?? length,
  };
}

export function logprobsOf(tokens: readonly IrTokenChoice[]): JsonObject[] {
  return tokens.map((token) => ({ ...tokenOf(token), top_logprobs: token.top.map(tokenOf) }));
}

function tokenOf({ token, logprob, bytes }: Omit<IrTokenChoice, "top">): { readonly [member: string]: Json } {
  return { token, logprob, bytes: bytes ?? [...new TextEncoder().encode(token)] };
}
