import { ExchangeFailure } from "../../model/failure.ts";
import type { Emit, Stage } from "../stage.ts";
import type { IrBlockEvent, IrEvent } from "./events.ts";

/** What interleaved tool calls may hold back, in characters; an event without text counts as a few. */
const maxWaiting = 1024 * 1024;

/**
 * Lets one block be open at a time, for clients whose API cannot say two.
 *
 * - Only tool calls interleave. While one is live, the events of blocks that open meanwhile wait for their turn.
 * - Sequential calls never wait, although chat closes them all at the end: when another block opens and the live
 *   call's arguments are complete JSON, it is closed at once and its later end swallowed.
 * - Choices above 0 are left out, since such an API has one answer.
 */
export function inOrder(): Stage<IrEvent, IrEvent> {
  return new InOrder();
}

class InOrder implements Stage<IrEvent, IrEvent> {
  /** The block that is open for the client; -1 for none. */
  #live = -1;
  /** Arguments of the live call so far; `undefined` if it is no call. */
  #arguments: string | undefined;
  /** Blocks closed early, whose own end is still to come. */
  readonly #closed = new Set<number>();
  /** In the order in which they opened. */
  readonly #waiting = new Map<number, IrBlockEvent[]>();
  #waitingSize = 0;

  push(event: IrEvent, emit: Emit<IrEvent>): void {
    if (!("block" in event)) {
      if (event.type !== "finish" || event.choice === 0) emit(event);
    } else if (event.choice !== 0) return;
    else if (event.type === "citation") emit(event);
    else if (this.#closed.has(event.block)) {
      if (event.type === "tool-end") this.#closed.delete(event.block);
    } else if (this.#mayPass(event.block, emit)) {
      this.#pass(event, emit);
      if (this.#waiting.size > 0) this.#advance(event, emit);
    } else this.#wait(event);
  }

  end(): void {}

  #mayPass(block: number, emit: Emit<IrEvent>): boolean {
    if (block === this.#live) return true;
    if (this.#waiting.size > 0) return false;
    return this.#live === -1 || this.#closeEarly(emit);
  }

  #pass(event: IrBlockEvent, emit: Emit<IrEvent>): void {
    emit(event);
    if (event.type === "tool-delta") {
      if (this.#arguments !== undefined) this.#arguments += event.text;
    } else if (event.type.endsWith("-start")) {
      this.#live = event.block;
      this.#arguments = event.type === "tool-start" ? "" : undefined;
    } else if (event.type.endsWith("-end")) this.#live = -1;
  }

  /** Closes the live call if nothing can follow. */
  #closeEarly(emit: Emit<IrEvent>): boolean {
    if (this.#arguments === undefined || !isJson(this.#arguments)) return false;
    emit({ type: "tool-end", choice: 0, block: this.#live });
    this.#closed.add(this.#live);
    this.#live = -1;
    return true;
  }

  #wait(event: IrBlockEvent): void {
    const events = this.#waiting.get(event.block);
    if (events === undefined) this.#waiting.set(event.block, [event]);
    else events.push(event);
    this.#waitingSize += sizeOf(event);
    if (this.#waitingSize > maxWaiting) {
      throw new ExchangeFailure(
        "bad_upstream_answer",
        "The upstream's tool calls interleave too long to be put in order",
      );
    }
  }

  /** Gives waiting blocks their turn until one of them stays open. `last`: what has just passed. */
  #advance(last: IrBlockEvent, emit: Emit<IrEvent>): void {
    let mayBeComplete = last.type !== "tool-delta" || last.text.trimEnd().endsWith("}");
    for (const [block, events] of this.#waiting) {
      if (this.#live !== -1 && !(mayBeComplete && this.#closeEarly(emit))) return;
      this.#waiting.delete(block);
      for (const event of events) {
        this.#waitingSize -= sizeOf(event);
        this.#pass(event, emit);
      }
      mayBeComplete = true;
    }
  }
}

function sizeOf(event: IrBlockEvent): number {
  return "text" in event ? event.text.length + 16 : 64;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
