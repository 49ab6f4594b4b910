import type { AnswerContext } from "../dialect.ts";
import type { IrEvent } from "../ir/events.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { Json, JsonObject } from "../ir/values.ts";
import { objectOf } from "../wire/exact-json.ts";
import { bodyOf } from "./body.ts";
import type { Outcome } from "./outcome.ts";
import { writeUsage } from "./usage.ts";

export type Start = Omit<Extract<IrEvent, { type: "message-start" }>, "type">;

/** The response object around its output, which a stream shows three times. What of it stays the same is made once. */
export class Envelope {
  readonly id: string;
  /** Up to what changes. */
  readonly #head: string;
  /** What was asked, as the API repeats it; without its opening brace. */
  readonly #echo: string;
  readonly #nowMs: () => number;
  readonly #serviceTier: string | undefined;

  constructor(start: Start, context: AnswerContext) {
    this.id = idOf(start.id, context);
    this.#nowMs = () => context.nowMs();
    const head = {
      id: this.id,
      object: "response",
      created_at: start.createdAt ?? Math.floor(context.nowMs() / 1000),
      model: start.model || context.requestModel,
    };
    this.#head = JSON.stringify(head).slice(0, -1);
    this.#echo = JSON.stringify(echoOf(bodyOf(context.request))).slice(1);
    this.#serviceTier = start.serviceTier;
  }

  /** As JSON. `output`: too. `usage`: absent as long as the response goes on. */
  write(outcome: Outcome, output: string, usage?: IrUsage, serviceTier = this.#serviceTier): string {
    const changing = {
      ...outcome,
      completed_at: outcome.status === "completed" ? Math.floor(this.#nowMs() / 1000) : null,
      service_tier: serviceTier ?? null,
      usage: usage === undefined ? null : writeUsage(usage),
    };
    return `${this.#head},${JSON.stringify(changing).slice(1, -1)},"output":${output},${this.#echo}`;
  }
}

function idOf(id: string | undefined, context: AnswerContext): string {
  if (!id) return context.newId("resp_");
  return id.startsWith("resp_") ? id : `resp_${id}`;
}

/** Nothing is stored or cut off here, whatever was asked. */
const never: JsonObject = {
  background: false,
  max_tool_calls: null,
  previous_response_id: null,
  store: false,
  truncation: "disabled",
};

function echoOf(body: JsonObject): JsonObject {
  const or = (name: string, otherwise: Json): Json => body[name] ?? otherwise;
  return {
    ...never,
    instructions: or("instructions", null),
    max_output_tokens: or("max_output_tokens", null),
    metadata: or("metadata", {}),
    parallel_tool_calls: or("parallel_tool_calls", true),
    prompt_cache_key: or("prompt_cache_key", null),
    reasoning: { effort: null, summary: null, ...objectOf(body["reasoning"]) },
    safety_identifier: or("safety_identifier", null),
    temperature: or("temperature", null),
    text: { format: { type: "text" }, ...objectOf(body["text"]) },
    tool_choice: or("tool_choice", "auto"),
    tools: or("tools", []),
    top_logprobs: or("top_logprobs", 0),
    top_p: or("top_p", null),
    user: or("user", null),
  };
}
