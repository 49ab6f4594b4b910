import type { IrUsage } from "../../ir/usage.ts";
import type { Meter } from "../../passage.ts";
import { asString } from "../../wire/json.ts";
import { findMembers, memberName, parseAt } from "../../wire/json-scan.ts";
import { type EventReader, errorMarker, errorReason, usageMarker } from "../event-reader.ts";

const members = ["type", "usage", "error"].map(memberName);

/** What differs between the streams of images, speech and transcripts. */
interface MediaWords {
  /** How the types of events begin that carry content. */
  readonly content: string;
  /** Type of the event that ends the stream and holds the usage. */
  readonly last: string;
  readonly readUsage: (usage: unknown) => IrUsage | undefined;
  /** How many last events there will be. */
  readonly lastCount: number;
}

/** Reads the events of images, speech and transcripts, which are alike: pieces, and a last one with the usage. */
export class MediaEvents implements EventReader {
  readonly markers = [usageMarker, errorMarker];
  readonly hasSentinel = false;
  readonly #meter: Meter;
  readonly #words: MediaWords;
  #isContentSeen = false;
  #lastSeen = 0;

  constructor(meter: Meter, words: MediaWords) {
    this.#meter = meter;
    this.#words = words;
  }

  /** To the end, since a last event without usage has no mark; these streams have few events. */
  get isCurious(): boolean {
    return true;
  }

  read(data: Uint8Array): void {
    const [type = -1, usage = -1, error = -1] = findMembers(data, 0, members);
    const name = asString(parseAt(data, type)) ?? "";
    const failure = parseAt(data, error);
    if (failure !== undefined && failure !== null) this.#meter.failed(errorReason(failure));
    if (!this.#isContentSeen && name.startsWith(this.#words.content)) {
      this.#isContentSeen = true;
      this.#meter.firstToken();
    }
    if (name !== this.#words.last) return;
    const counts = this.#words.readUsage(parseAt(data, usage));
    if (counts !== undefined) this.#meter.usage(counts);
    if (++this.#lastSeen === this.#words.lastCount) this.#meter.complete();
  }

  done(): void {}
}
