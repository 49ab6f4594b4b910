import type { AnswerContext } from "../dialect.ts";
import type { IrError } from "../ir/error.ts";
import type { IrBlockEvent, IrEvent, IrFinishReason } from "../ir/events.ts";
import type { IrUsage } from "../ir/usage.ts";
import type { IrCitation } from "../ir/values.ts";
import type { Emit, Stage } from "../stage.ts";
import { type ClientTools, clientToolsOf } from "./client-tools.ts";
import { Envelope, type Start } from "./envelope.ts";
import { errorMembers } from "./errors.ts";
import { EventLog } from "./event-log.ts";
import { ItemIds, type ItemStatus } from "./items.ts";
import { OpenCall } from "./open-call.ts";
import type { OpenItem } from "./open-item.ts";
import { OpenMessage } from "./open-message.ts";
import { OpenReasoning } from "./open-reasoning.ts";
import { failedOf, inProgress, outcomeOf, refusalText } from "./outcome.ts";
import { writeRedacted, writeSignature } from "./seals.ts";

/** A part that no block of the provider's is about. */
const ownBlock = -2;

/**
 * Writes an answer as the events of a response.
 *
 * - `response.created` comes first. Items are added with their first content and get the next index.
 * - A message or a call that ended last is told to be done only when another item begins or the answer ends: it may be
 *   incomplete.
 * - The last event holds the whole output; after an `error` event it is `response.failed`.
 */
export class ResponseStreamWriter implements Stage<IrEvent, string> {
  /** When the message has ended, as JSON. */
  response = "";
  readonly #context: AnswerContext;
  readonly #log: EventLog;
  readonly #tools: ClientTools;
  #envelope: Envelope | undefined;
  #ids = new ItemIds("");
  /** By their index. */
  readonly #output: OpenItem[] = [];
  #message: OpenMessage | undefined;
  /** Where each text block is. */
  readonly #messages = new Map<number, OpenMessage>();
  #reasoning: OpenReasoning | undefined;
  readonly #calls = new Map<number, OpenCall>();
  /** Ended, but not told yet: the answer may break off right behind it. */
  #ended: OpenCall | undefined;
  /** Text blocks that are refusals. */
  readonly #refusals = new Set<number>();
  #hasRefused = false;
  #usage: IrUsage = {};
  #reason: IrFinishReason | undefined;
  #isOver = false;

  constructor(context: AnswerContext, log = new EventLog()) {
    this.#context = context;
    this.#log = log;
    this.#tools = clientToolsOf(context.request);
  }

  push(event: IrEvent, emit: Emit<string>): void {
    if (this.#isOver) return;
    switch (event.type) {
      case "message-start":
        this.#start(event, emit);
        break;
      case "usage":
        this.#usage = { ...this.#usage, ...event.usage };
        break;
      case "finish":
        if (event.choice === 0) this.#finish(event.reason, emit);
        break;
      case "message-end":
        this.#end(event.serviceTier, emit);
        break;
      case "error":
        this.#fail(event.error, emit);
        break;
      case "keep-alive":
        emit(": keep-alive\n\n");
        break;
      case "warning":
        break;
      default: // A block: the API has one choice.
        if (event.choice === 0) this.#block(event, emit);
    }
  }

  end(): void {}

  #start(start: Start, emit: Emit<string>): Envelope {
    this.#envelope = new Envelope(start, this.#context);
    this.#ids = new ItemIds(this.#envelope.id);
    const response = this.#envelope.write(inProgress, "[]");
    emit(this.#log.lifecycle("response.created", response));
    emit(this.#log.lifecycle("response.in_progress", response));
    return this.#envelope;
  }

  #block(event: IrBlockEvent, emit: Emit<string>): void {
    switch (event.type) {
      case "text-delta":
        this.#text(event, emit);
        break;
      case "tool-delta":
        if (event.text !== "") emit(this.#calls.get(event.block)?.delta(event.text) ?? "");
        break;
      case "reasoning-delta":
        if (event.text !== "") emit(this.#openReasoning(emit).delta(event.text));
        break;
      case "text-start":
        if (event.isRefusal) this.#refusals.add(event.block);
        break;
      case "text-end":
        if (event.signature === undefined) break;
        if (this.#message !== undefined) this.#message.seals.push(event.signature);
        else this.#endReasoning(writeSignature(event.signature), emit);
        break;
      case "reasoning-end":
        this.#endReasoning(event.signature && writeSignature(event.signature), emit);
        break;
      case "tool-start":
        this.#startCall(event, emit);
        break;
      case "tool-end":
        this.#endCall(event.block, emit);
        break;
      case "redacted":
        this.#endReasoning(writeRedacted(event), emit);
        break;
      case "citation":
        this.#cite(event.block, event.citation, emit);
        break;
      case "opaque":
        this.#leaveOut("quiet", event.part.name);
        break;
      case "media":
        this.#leaveOut("loud", event.media.kind);
        break;
      case "audio-delta":
        this.#leaveOut("loud", "audio");
        break;
      case "reasoning-start":
        break;
    }
  }

  #text(event: Extract<IrEvent, { type: "text-delta" }>, emit: Emit<string>): void {
    const { block, text, logprobs } = event;
    if (text === "") return;
    let message = this.#message;
    if (message === undefined || message.block !== block) {
      message = this.#openMessage(emit);
      const isRefusal = this.#refusals.has(block);
      this.#hasRefused ||= isRefusal;
      this.#messages.set(block, message);
      emit(message.startPart(block, isRefusal));
    }
    emit(message.delta(text, logprobs));
  }

  #openMessage(emit: Emit<string>): OpenMessage {
    if (this.#message !== undefined) return this.#message;
    this.#settle(emit);
    const index = this.#output.length;
    this.#message = this.#add(new OpenMessage(index, this.#ids.of("msg", index), this.#log), emit);
    return this.#message;
  }

  #openReasoning(emit: Emit<string>): OpenReasoning {
    if (this.#reasoning !== undefined) return this.#reasoning;
    this.#settle(emit);
    const index = this.#output.length;
    this.#reasoning = this.#add(new OpenReasoning(index, this.#ids.of("rs", index), this.#log), emit);
    return this.#reasoning;
  }

  #endReasoning(encrypted: string | undefined, emit: Emit<string>): void {
    const reasoning = encrypted === undefined ? this.#reasoning : this.#openReasoning(emit);
    if (reasoning === undefined) return;
    reasoning.encrypted = encrypted;
    this.#reasoning = undefined;
    emit(reasoning.close("completed"));
  }

  #startCall(event: Extract<IrEvent, { type: "tool-start" }>, emit: Emit<string>): void {
    if (event.signature !== undefined) this.#endReasoning(writeSignature(event.signature), emit);
    this.#settle(emit);
    const index = this.#output.length;
    const tool = this.#tools.called(event.name);
    const id = this.#ids.of(tool.isFreeForm ? "ctc" : "fc", index);
    const call = this.#add(new OpenCall(index, id, this.#log, event.id, tool), emit);
    this.#calls.set(event.block, call);
  }

  #endCall(block: number, emit: Emit<string>): void {
    this.#settle(emit);
    this.#ended = this.#calls.get(block);
    this.#calls.delete(block);
  }

  #cite(block: number, citation: IrCitation, emit: Emit<string>): void {
    const message = this.#messages.get(block);
    if (message !== undefined) emit(message.cite(block, citation));
  }

  #add<Item extends OpenItem>(item: Item, emit: Emit<string>): Item {
    this.#output.push(item);
    emit(item.open());
    return item;
  }

  /** Tells that what has ended, or ends when something else begins, is done. */
  #settle(emit: Emit<string>, status: ItemStatus = "completed"): void {
    if (this.#ended !== undefined) emit(this.#ended.close(status));
    this.#ended = undefined;
    const message = this.#message;
    if (message === undefined) return;
    this.#message = undefined;
    emit(message.close(status));
    for (const seal of message.seals) this.#endReasoning(writeSignature(seal), emit);
  }

  #finish(reason: IrFinishReason, emit: Emit<string>): void {
    this.#reason = reason;
    if (reason === "refusal" && !this.#hasRefused) {
      const message = this.#openMessage(emit);
      emit(message.startPart(ownBlock, true) + message.delta(refusalText, undefined));
    }
    this.#settle(emit, outcomeOf(reason).status === "incomplete" ? "incomplete" : "completed");
  }

  #end(serviceTier: string | undefined, emit: Emit<string>): void {
    this.#isOver = true;
    const envelope = this.#envelope ?? this.#start({}, emit);
    const outcome = outcomeOf(this.#reason);
    this.response = envelope.write(outcome, this.#written(), this.#usage, serviceTier);
    emit(this.#log.lifecycle(`response.${outcome.status}`, this.response));
  }

  #fail(error: IrError, emit: Emit<string>): void {
    this.#isOver = true;
    const envelope = this.#envelope ?? this.#start({}, emit);
    emit(this.#log.write("error", errorMembers(error)));
    const response = envelope.write(failedOf(error), this.#written(), this.#usage);
    emit(this.#log.lifecycle("response.failed", response));
  }

  #written(): string {
    return JSON.stringify(this.#output.map((item) => item.item("incomplete")));
  }

  #leaveOut(level: "quiet" | "loud", name: string): void {
    this.#context.warn({ level, path: "answer", message: `${name} has no form in responses; left out` });
  }
}
