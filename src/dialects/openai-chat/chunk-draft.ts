import type { IrEvent, IrTokenChoice } from "../ir/events.ts";
import type { JsonObject } from "../ir/values.ts";
import { finishReasonOf } from "./finish-reasons.ts";
import { writeLogprobs } from "./logprobs.ts";

/** A piece of a call in the chunk that is being made; with its name it is the first. */
interface CallPiece {
  readonly index: number;
  readonly first:
    | { readonly id: string; readonly name: string; readonly kind: "function" | "custom" }
    | undefined;
  text: string;
}

/** The chunk that is being made: one choice's share of what one upstream event gave. */
export class ChunkDraft {
  choice = 0;
  isPending = false;
  /** Whether the chunk that was taken last said anything. */
  hadContent = false;
  #content: string | undefined;
  /** There is something else than content in it. */
  #hasMore = false;
  #reasoning: string | undefined;
  #refusal: string | undefined;
  #calls: CallPiece[] = [];
  #logprobs: IrTokenChoice[] = [];
  /** Other members of the delta, as JSON. */
  #members = "";
  #finish: string | undefined;

  addContent(text: string): void {
    this.#content = this.#content === undefined ? text : this.#content + text;
  }

  addReasoning(text: string): void {
    this.#hasMore = true;
    this.#reasoning = this.#reasoning === undefined ? text : this.#reasoning + text;
  }

  addRefusal(text: string): void {
    this.#hasMore = true;
    this.#refusal = this.#refusal === undefined ? text : this.#refusal + text;
  }

  addLogprobs(tokens: readonly IrTokenChoice[]): void {
    this.#hasMore = true;
    this.#logprobs.push(...tokens);
  }

  startCall(index: number, first: CallPiece["first"]): void {
    this.#hasMore = true;
    this.#calls.push({ index, first, text: "" });
  }

  addToCall(index: number, text: string): void {
    this.#hasMore = true;
    const last = this.#calls.at(-1);
    if (last?.index === index) last.text += text;
    else this.#calls.push({ index, first: undefined, text });
  }

  /** Adds an entry of a list; accumulators need an index in every entry that comes after the first. */
  list(name: string, index: number, entry: JsonObject): void {
    this.member(name, [index === 0 ? entry : { index, ...entry }]);
  }

  member(name: string, value: unknown): void {
    this.#hasMore = true;
    this.#members += `,"${name}":${JSON.stringify(value)}`;
  }

  finish({ reason, raw }: Extract<IrEvent, { type: "finish" }>): void {
    this.#hasMore = true;
    this.#finish = `"finish_reason":${JSON.stringify(finishReasonOf(reason, raw))}`;
    if (reason === "malformed") this.#finish += `,"native_finish_reason":${JSON.stringify(raw)}`;
  }

  /** The chunk as an event, behind `head`; `undefined` if it would say nothing. Begins the next one. */
  take(head: string, needsRole: boolean): string | undefined {
    return needsRole || this.#hasMore || this.#content === undefined
      ? this.#takeAll(head, needsRole)
      : this.#takeText(head);
  }

  /** Nearly every chunk is a piece of text and nothing else. */
  #takeText(head: string): string {
    const content = JSON.stringify(this.#content);
    this.#content = undefined;
    this.isPending = false;
    this.hadContent = true;
    return `${head}${this.choice},"delta":{"content":${content}},"finish_reason":null}]}\n\n`;
  }

  #takeAll(head: string, needsRole: boolean): string | undefined {
    const delta = this.#delta();
    const logprobs =
      this.#logprobs.length === 0 ? "" : `,"logprobs":${JSON.stringify(writeLogprobs(this.#logprobs))}`;
    const finish = this.#finish ?? '"finish_reason":null';
    const isIdle = delta === "" && logprobs === "" && this.#finish === undefined;
    this.hadContent = delta !== "";
    this.#clear();
    if (isIdle) return undefined;
    const said = needsRole && delta !== "" ? `"role":"assistant"${delta}` : delta.slice(1);
    return `${head}${this.choice},"delta":{${said}}${logprobs},${finish}}]}\n\n`;
  }

  /** Members, each with a comma in front. */
  #delta(): string {
    let delta = "";
    if (this.#content !== undefined) delta += `,"content":${JSON.stringify(this.#content)}`;
    if (this.#reasoning !== undefined) delta += `,"reasoning_content":${JSON.stringify(this.#reasoning)}`;
    if (this.#refusal !== undefined) delta += `,"refusal":${JSON.stringify(this.#refusal)}`;
    if (this.#calls.length > 0) delta += `,"tool_calls":[${this.#calls.map(writeCall).join(",")}]`;
    return delta + this.#members;
  }

  #clear(): void {
    this.isPending = false;
    this.#hasMore = false;
    this.#content = undefined;
    this.#reasoning = undefined;
    this.#refusal = undefined;
    if (this.#calls.length > 0) this.#calls = [];
    if (this.#logprobs.length > 0) this.#logprobs = [];
    this.#members = "";
    this.#finish = undefined;
  }
}

function writeCall({ index, first, text }: CallPiece): string {
  const piece = JSON.stringify(text);
  if (first === undefined) return `{"index":${index},"function":{"arguments":${piece}}}`;
  const { id, name } = { id: JSON.stringify(first.id), name: JSON.stringify(first.name) };
  return first.kind === "custom"
    ? `{"index":${index},"id":${id},"type":"custom","custom":{"name":${name},"input":${piece}}}`
    : `{"index":${index},"id":${id},"type":"function","function":{"name":${name},"arguments":${piece}}}`;
}
