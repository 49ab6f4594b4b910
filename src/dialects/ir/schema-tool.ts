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

/** Turns calls of the schema's tool back into text: the JSON that the client asked for. */
export class SchemaToolRepair implements Stage<IrEvent, IrEvent> {
  readonly #name: string;
  readonly #blocks = new Set<number>();
  /** Choices that called a tool of the client's. */
  readonly #calling = new Set<number>();

  constructor(name: string) {
    this.#name = name;
  }

  push(event: IrEvent, emit: Emit<IrEvent>): void {
    if (event.type === "tool-start" && event.name === this.#name) {
      this.#blocks.add(event.block);
      emit({ type: "text-start", isRefusal: false, choice: event.choice, block: event.block });
    } else if (event.type === "tool-delta" && this.#blocks.has(event.block)) {
      emit({ type: "text-delta", text: event.text, choice: event.choice, block: event.block });
    } else if (event.type === "tool-end" && this.#blocks.has(event.block)) {
      emit({ type: "text-end", choice: event.choice, block: event.block });
    } else if (event.type === "finish" && event.reason === "tool-calls" && !this.#calling.has(event.choice)) {
      emit({ ...event, reason: "stop" });
    } else {
      if (event.type === "tool-start") this.#calling.add(event.choice);
      emit(event);
    }
  }

  end(): void {}
}
