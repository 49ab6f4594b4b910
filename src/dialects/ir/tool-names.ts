import type { Emit, Stage } from "../stage.ts";
import type { IrEvent } from "./events.ts";
import type { IrRequest } from "./request.ts";

/** What a provider takes as the name of a tool. */
export interface NameRule {
  /** Finds the characters that it does not take. */
  readonly illegal: RegExp;
  readonly maxLength: number;
}

/** Letters, digits, `_` and `-`. */
export function plainNames(maxLength: number): NameRule {
  return { illegal: /[^a-zA-Z0-9_-]/g, maxLength };
}

/**
 * Names of a request's tools as a provider takes them. A name that it would refuse is changed, and changed back in the
 * answer. Depends on the request alone, so that request and answer agree without sharing state.
 */
export class ToolNames {
  /** By the client's name; only those that are changed, which mostly is none. */
  #changed: Map<string, string> | undefined;

  constructor(request: IrRequest, rule: NameRule) {
    if (namesIn(request).every((name) => isLegal(name, rule))) return;
    const taken = new Set(namesIn(request));
    this.#changed = new Map();
    for (const name of [...taken]) {
      if (!isLegal(name, rule)) this.#changed.set(name, freeName(name, rule, taken));
    }
  }

  write(name: string): string {
    return this.#changed?.get(name) ?? name;
  }

  /** The stage that changes names back; none if none was changed. */
  repairs(): Stage<IrEvent, IrEvent>[] {
    if (this.#changed === undefined) return [];
    return [new NameRepair(new Map([...this.#changed].map(([name, written]) => [written, name])))];
  }
}

/** Of the tools on offer, and of those that were called before and are not on offer any more. */
function* namesIn(request: IrRequest): Generator<string> {
  for (const tool of request.tools) yield tool.name;
  for (const message of request.messages) {
    if (message.role !== "assistant") continue;
    for (const part of message.parts) if (part.type === "tool-call") yield part.name;
  }
}

function isLegal(name: string, rule: NameRule): boolean {
  return name.length <= rule.maxLength && name.search(rule.illegal) === -1;
}

function freeName(name: string, rule: NameRule, taken: Set<string>): string {
  const legal = name.replace(rule.illegal, "_").slice(0, rule.maxLength) || "_";
  let free = legal;
  for (let count = 2; taken.has(free); count++) {
    const suffix = `_${count}`;
    free = legal.slice(0, rule.maxLength - suffix.length) + suffix;
  }
  taken.add(free);
  return free;
}

class NameRepair implements Stage<IrEvent, IrEvent> {
  readonly #names: ReadonlyMap<string, string>;

  constructor(names: ReadonlyMap<string, string>) {
    this.#names = names;
  }

  push(event: IrEvent, emit: Emit<IrEvent>): void {
    const name = event.type === "tool-start" ? this.#names.get(event.name) : undefined;
    emit(event.type === "tool-start" && name !== undefined ? { ...event, name } : event);
  }

  end(): void {}
}
