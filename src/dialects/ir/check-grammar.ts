import type { IrEvent } from "./events.ts";

const deltaOf: { readonly [type: string]: string } = {
  "text-delta": "text",
  "text-end": "text",
  "reasoning-delta": "reasoning",
  "reasoning-end": "reasoning",
  "tool-delta": "tool",
  "tool-end": "tool",
};
const anytime = new Set(["usage", "keep-alive", "warning"]);

/** What is wrong with the order of a reader's events (see `IrEvent`); empty if nothing is. For tests. */
export function grammarProblems(events: readonly IrEvent[]): string[] {
  const checker = new Checker();
  for (const [index, event] of events.entries()) checker.push(event, index);
  return checker.end();
}

class Checker {
  readonly #problems: string[] = [];
  readonly #open = new Map<number, { kind: string; choice: number }>();
  readonly #began = new Set<number>();
  readonly #finished = new Set<number>();
  #blocks = 0;
  #hasStart = false;
  #last: string | undefined;

  push(event: IrEvent, index: number): void {
    const problem = this.#check(event);
    if (problem !== undefined) this.#problems.push(`event ${index} (${event.type}): ${problem}`);
  }

  end(): string[] {
    if (this.#last === undefined) this.#problems.push("end: neither message-end nor error");
    return this.#problems;
  }

  #check(event: IrEvent): string | undefined {
    if (this.#last !== undefined) return `after ${this.#last}`;
    if (anytime.has(event.type)) return undefined;
    if (event.type === "message-start") {
      const isSecond = this.#hasStart;
      this.#hasStart = true;
      return isSecond ? "second one" : undefined;
    }
    if (event.type === "error") {
      this.#last = event.type;
      return undefined;
    }
    if (!this.#hasStart) return "before message-start";
    if (event.type === "message-end") return this.#checkEnd();
    if (event.type === "finish") return this.#checkFinish(event.choice);
    return this.#checkBlock(event as Extract<IrEvent, { block: number }>);
  }

  #checkEnd(): string | undefined {
    this.#last = "message-end";
    const missing = [...this.#began].filter((choice) => !this.#finished.has(choice));
    return missing.length === 0 ? undefined : `choice ${missing[0]} has no finish`;
  }

  #checkFinish(choice: number): string | undefined {
    if (this.#finished.has(choice)) return `second one of choice ${choice}`;
    this.#finished.add(choice);
    const open = [...this.#open].find(([, block]) => block.choice === choice);
    return open === undefined ? undefined : `block ${open[0]} is open`;
  }

  #checkBlock(event: Extract<IrEvent, { block: number }>): string | undefined {
    const { block, choice } = event;
    if (this.#finished.has(choice) && event.type !== "citation") return `choice ${choice} has finished`;
    this.#began.add(choice);
    if (event.type === "citation") return block < this.#blocks ? undefined : "cites a block that never began";
    const kind = deltaOf[event.type];
    if (kind === undefined) return this.#checkStart(event);
    const open = this.#open.get(block);
    if (open?.kind !== kind || open.choice !== choice)
      return `block ${block} is not an open ${kind} of choice ${choice}`;
    if (event.type.endsWith("-end")) this.#open.delete(block);
    return undefined;
  }

  #checkStart(event: Extract<IrEvent, { block: number }>): string | undefined {
    const isMoreAudio = event.type === "audio-delta" && event.block < this.#blocks;
    if (isMoreAudio) return undefined;
    const expected = this.#blocks;
    this.#blocks = Math.max(this.#blocks, event.block + 1);
    if (event.type.endsWith("-start")) {
      this.#open.set(event.block, { kind: event.type.slice(0, -"-start".length), choice: event.choice });
    }
    return event.block === expected ? undefined : `block ${event.block}, expected ${expected}`;
  }
}
