import type { Meter } from "../../passage.ts";
import { needle } from "../../wire/bytes.ts";
import { asObject, asString } from "../../wire/json.ts";
import { findMember, findMembers, memberName, parseAt } from "../../wire/json-scan.ts";
import { AnthropicUsage } from "../../wire/usage.ts";
import { type EventReader, errorMarker, errorReason, usageMarker } from "../event-reader.ts";

const members = ["type", "message", "usage", "error", "content_block"].map(memberName);
const messageMembers = ["model", "usage"].map(memberName);
const typeName = memberName("type");

/** Reads the events of Anthropic messages. Content begins with a delta or with a block that is not text, as a tool call. */
export class MessagesEvents implements EventReader {
  readonly markers = [usageMarker, errorMarker, { needle: needle('"message_stop"'), isNullable: false }];
  readonly hasSentinel = false;
  isCurious = true;
  readonly #meter: Meter;
  readonly #usage = new AnthropicUsage();

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  read(data: Uint8Array): void {
    const [type = -1, message = -1, usage = -1, error = -1, block = -1] = findMembers(data, 0, members);
    switch (parseAt(data, type)) {
      case "message_start":
        this.#start(data, message);
        break;
      case "content_block_start":
        if (isContent(parseAt(data, findMember(data, block, typeName)))) this.#firstToken();
        break;
      case "content_block_delta":
        this.#firstToken();
        break;
      case "message_delta":
        this.#count(parseAt(data, usage), "update");
        break;
      case "message_stop":
        this.#meter.complete();
        break;
      case "error":
        this.#meter.failed(errorReason(parseAt(data, error) ?? "error"));
        break;
    }
  }

  done(): void {}

  #start(data: Uint8Array, message: number): void {
    const [model = -1, usage = -1] = findMembers(data, message, messageMembers);
    this.#meter.model(asString(parseAt(data, model)) ?? "");
    this.#count(parseAt(data, usage), "start");
  }

  #count(usage: unknown, when: "start" | "update"): void {
    if (asObject(usage) === undefined) return;
    this.#usage[when](usage);
    this.#meter.usage(this.#usage.usage);
  }

  #firstToken(): void {
    this.isCurious = false;
    this.#meter.firstToken();
  }
}

function isContent(blockType: unknown): boolean {
  return blockType !== undefined && blockType !== "text" && blockType !== "thinking";
}
