import type { Meter } from "../../passage.ts";
import { asObject, asString, isObject } from "../../wire/json.ts";
import { findMembers, memberName, parseAt } from "../../wire/json-scan.ts";
import { readChatUsage } from "../../wire/usage.ts";
import { type EventReader, errorMarker, errorReason, usageMarker } from "../event-reader.ts";

const members = ["error", "usage", "model", "choices"].map(memberName);

/**
 * Reads the chunks of chat completions and of completions.
 *
 * - Usage comes in a last chunk without choices, or in any; the latest counts.
 * - Content is text, a refusal, reasoning, audio or a tool call. Azure begins with chunks that have neither content
 *   nor model.
 */
export class ChatEvents implements EventReader {
  readonly markers = [usageMarker, errorMarker];
  readonly hasSentinel = true;
  isCurious = true;
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  read(data: Uint8Array): void {
    const [error = -1, usage = -1, model = -1, choices = -1] = findMembers(data, 0, members);
    const failure = parseAt(data, error);
    if (failure !== null && failure !== undefined) this.#meter.failed(errorReason(failure));
    const counts = readChatUsage(parseAt(data, usage));
    if (counts !== undefined) this.#meter.usage(counts);
    if (!this.isCurious && counts === undefined) return;
    this.#meter.model(asString(parseAt(data, model)) ?? "");
    if (!this.isCurious || !hasContent(parseAt(data, choices))) return;
    this.isCurious = false;
    this.#meter.firstToken();
  }

  done(): void {
    this.#meter.complete();
  }
}

function hasContent(choices: unknown): boolean {
  if (!Array.isArray(choices)) return false;
  return choices.some((choice) => {
    if (!isObject(choice)) return false;
    return (
      isFilled(choice["text"]) || contentMembers.some((name) => isFilled(asObject(choice["delta"])?.[name]))
    );
  });
}

const contentMembers = [
  "content",
  "reasoning_content",
  "reasoning",
  "refusal",
  "tool_calls",
  "function_call",
  "audio",
] as const;

function isFilled(value: unknown): boolean {
  if (typeof value === "string" || Array.isArray(value)) return value.length > 0;
  return isObject(value) && Object.keys(value).length > 0;
}
