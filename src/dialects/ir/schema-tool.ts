import type { Emit, Stage } from "../stage.ts";
import type { IrEvent } from "./events.ts";
import type { IrFormat, IrRequest } from "./request.ts";

/**
 * The tool that stands for a JSON schema where a model has no structured output: the answer is its arguments.
 * Its name is the schema's, made legal and unlike the names of the client's own tools.
 */
export function schemaToolName(
  request: IrRequest,
  format: Extract<IrFormat, { type: "json-schema" }>,
): string {
  const name = (format.name ?? "response").replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 60) || "response";
  return request.tools.some((tool) => tool.name === name) ? `${name}_2` : name;
}

type BlockEvent = Extract<IrEvent, { block: number }>;

/**
 * Turns calls of the schema's tool back into text: the JSON that the client asked for. For answers of one choice.
 *
 * Models like to announce a call in words, which would spoil the JSON. So text waits: it is left out if the tool is
 * called, and goes out at the finish if it is not.
 */
export class SchemaToolRepair implements Stage<IrEvent, IrEvent> {
  readonly #name: string;
  /** Number for the client of each block that went out; those that stay away leave no gap. */
  readonly #numbers = new Map<number, number>();
  /** Blocks that are calls of the schema's tool. */
  readonly #answers = new Set<number>();
  #waiting: BlockEvent[] = [];
  #hasCalls = false;

  constructor(name: string) {
    this.#name = name;
  }

  push(event: IrEvent, emit: Emit<IrEvent>): void {
    if ("block" in event) {
      this.#pushBlock(event, emit);
      return;
    }
    if (event.type === "finish" || event.type === "error") this.#release(emit);
    const isAnswer = event.type === "finish" && this.#answers.size > 0 && !this.#hasCalls;
    emit(isAnswer && event.reason === "tool-calls" ? { ...event, reason: "stop" } : event);
  }

  end(): void {}

  #pushBlock(event: BlockEvent, emit: Emit<IrEvent>): void {
    if (isOfText(event)) this.#waiting.push(event);
    else if (event.type === "tool-start") this.#startTool(event, emit);
    else this.#send(this.#answers.has(event.block) ? asText(event) : event, emit);
  }

  #startTool(event: Extract<IrEvent, { type: "tool-start" }>, emit: Emit<IrEvent>): void {
    const { name, choice, block } = event;
    if (name === this.#name) {
      this.#answers.add(block);
      this.#send({ type: "text-start", isRefusal: false, choice, block }, emit);
    } else {
      this.#hasCalls = true;
      this.#send(event, emit);
    }
  }

  #release(emit: Emit<IrEvent>): void {
    if (this.#answers.size === 0) for (const late of this.#waiting) this.#send(late, emit);
    this.#waiting = [];
  }

  #send(event: BlockEvent, emit: Emit<IrEvent>): void {
    let block = this.#numbers.get(event.block);
    if (block === undefined) {
      block = this.#numbers.size;
      this.#numbers.set(event.block, block);
    }
    emit(block === event.block ? event : { ...event, block });
  }
}

function isOfText({ type }: BlockEvent): boolean {
  return type === "text-start" || type === "text-delta" || type === "text-end" || type === "citation";
}

function asText(event: BlockEvent): BlockEvent {
  if (event.type === "tool-delta") return { ...event, type: "text-delta" };
  return event.type === "tool-end" ? { ...event, type: "text-end" } : event;
}
