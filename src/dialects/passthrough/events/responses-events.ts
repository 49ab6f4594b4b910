import type { Meter } from "../../passage.ts";
import { needle } from "../../wire/bytes.ts";
import { asString } from "../../wire/json.ts";
import { findMembers, memberName, parseAt } from "../../wire/json-scan.ts";
import { readResponsesUsage } from "../../wire/usage.ts";
import { type EventReader, errorMarker, errorReason, usageMarker } from "../event-reader.ts";

const eventMembers = ["type", "response"].map(memberName);
const responseMembers = ["model", "usage", "error"].map(memberName);
const errorMembers = ["code", "message"].map(memberName);

/**
 * Reads the events of the responses API.
 *
 * - The model is in `response.created`, usage in the last event: `response.completed`, `.incomplete` or `.failed`.
 * - Only `type`, `model`, `usage` and `error` are looked at; the last event may hold items of any new kind.
 */
export class ResponsesEvents implements EventReader {
  readonly markers = [
    usageMarker,
    errorMarker,
    { needle: needle('"response.completed"'), isNullable: false },
    { needle: needle('"response.incomplete"'), isNullable: false },
  ];
  readonly hasSentinel = false;
  isCurious = true;
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  read(data: Uint8Array): void {
    const [type = -1, response = -1] = findMembers(data, 0, eventMembers);
    const name = asString(parseAt(data, type)) ?? "";
    if (name === "error") this.#fail(data);
    else if (response >= 0) this.#readResponse(data, response, name);
    else if (this.isCurious && name.endsWith(".delta")) {
      this.isCurious = false;
      this.#meter.firstToken();
    }
  }

  done(): void {}

  #readResponse(data: Uint8Array, at: number, type: string): void {
    const [model = -1, usage = -1, error = -1] = findMembers(data, at, responseMembers);
    this.#meter.model(asString(parseAt(data, model)) ?? "");
    const isLast =
      type === "response.completed" || type === "response.incomplete" || type === "response.failed";
    if (!isLast) return;
    this.isCurious = false;
    const counts = readResponsesUsage(parseAt(data, usage));
    if (counts !== undefined) this.#meter.usage(counts);
    if (type === "response.failed") this.#meter.failed(errorReason(parseAt(data, error) ?? type));
    this.#meter.complete();
  }

  #fail(data: Uint8Array): void {
    const [code = -1, message = -1] = findMembers(data, 0, errorMembers);
    this.#meter.failed(errorReason({ code: parseAt(data, code), message: parseAt(data, message) }));
  }
}
