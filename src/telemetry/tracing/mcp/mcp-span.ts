import { type Span, SpanStatusCode } from "@opentelemetry/api";
import type { McpFailure, McpMessage, McpSpan } from "../../mcp.ts";
import type { Attributes } from "../attributes.ts";
import { keys } from "../gen-ai/index.ts";
import { tracedMethods } from "./methods.ts";
import type { McpVocabulary } from "./vocabulary.ts";

/** One message of a client as one span, whichever and however many servers it goes to. */
export class MessageSpan implements McpSpan {
  readonly carried: McpSpan["carried"];
  readonly #span: Span;
  readonly #vocabulary: McpVocabulary;
  readonly #method: string;
  #isGathering = false;
  #isOver = false;

  constructor(
    span: Span,
    carried: McpSpan["carried"],
    vocabulary: McpVocabulary,
    message: McpMessage,
    mapped: Attributes,
  ) {
    this.carried = carried;
    this.#span = span;
    this.#vocabulary = vocabulary;
    this.#method = message.method;
    if (!span.isRecording()) return;
    span.setAttributes(mapped);
    span.setAttributes(vocabulary.attributes(message));
  }

  routed(backend: string, sessionId: string | undefined, isNew: boolean): void {
    this.#gather();
    this.#span.addEvent("route to backend", {
      "mcp.backend.name": backend,
      "mcp.session.id": sessionId ?? "",
      "mcp.session.new": isNew,
    });
  }

  began(sessionId: string): void {
    if (this.#vocabulary.isRich) this.#span.setAttribute("mcp.session.id", sessionId);
  }

  listed(count: number): void {
    const name = tracedMethods[this.#method]?.countName;
    if (!this.#vocabulary.isRich || name === undefined) return;
    this.#gather();
    this.#span.setAttribute(name, count);
    this.#span.addEvent(`${this.#method} aggregation end`);
  }

  answered(result: object): void {
    if (this.#vocabulary.isCaptured && this.#method === "tools/call")
      this.#span.setAttribute(keys.toolResult, JSON.stringify(result));
  }

  end(failure?: McpFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (failure === undefined) this.#span.setStatus({ code: SpanStatusCode.OK });
    else this.#fail(failure);
    this.#span.end();
  }

  #fail({ type, message, detail, code }: McpFailure): void {
    const { hide, isRich } = this.#vocabulary;
    const text = detail === undefined || hide.inputs || hide.outputs ? message : `${message}: ${detail}`;
    this.#span.addEvent("exception", { "exception.type": type, "exception.message": text });
    if (isRich) this.#span.setAttribute(keys.errorType, type);
    if (isRich && code !== undefined) this.#span.setAttribute("rpc.response.status_code", code);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: text });
  }

  #gather(): void {
    if (this.#isGathering || !this.#vocabulary.isRich) return;
    if (tracedMethods[this.#method]?.countName === undefined) return;
    this.#isGathering = true;
    this.#span.addEvent(`${this.#method} aggregation begin`);
  }
}
