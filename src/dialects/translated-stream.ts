import { ExchangeFailure } from "../model/failure.ts";
import type { AnswerContext, ClientDialect, WireEvent } from "./dialect.ts";
import type { IrError } from "./ir/error.ts";
import type { IrEvent } from "./ir/events.ts";
import { inOrder } from "./ir/in-order.ts";
import { meterEvent } from "./ir/meter.ts";
import type { Meter } from "./passage.ts";
import type { Emit, Stage } from "./stage.ts";

/** Bytes of an upstream into events. `flush` is called after all that one upstream event gave. */
export interface EventSource {
  push(bytes: Uint8Array, emit: Emit<IrEvent>, flush: () => void): void;
  end(emit: Emit<IrEvent>, flush: () => void, isCut: boolean): void;
}

/** A stream: framing, then the dialect's reader. */
export class FramedSource implements EventSource {
  readonly #frames: Stage<Uint8Array, WireEvent>;
  readonly #reader: Stage<WireEvent, IrEvent>;

  constructor(frames: Stage<Uint8Array, WireEvent>, reader: Stage<WireEvent, IrEvent>) {
    this.#frames = frames;
    this.#reader = reader;
  }

  push(bytes: Uint8Array, emit: Emit<IrEvent>, flush: () => void): void {
    this.#frames.push(bytes, (event) => {
      this.#reader.push(event, emit);
      flush();
    });
  }

  end(emit: Emit<IrEvent>, flush: () => void, isCut: boolean): void {
    this.#frames.end((event) => this.#reader.push(event, emit), isCut);
    this.#reader.end(emit, isCut);
    flush();
  }
}

/** A whole body where the client expects a stream: some servers answer so. */
export class WholeSource implements EventSource {
  readonly #pieces: Uint8Array[] = [];
  readonly #read: (text: string, emit: Emit<IrEvent>) => void;

  constructor(read: (text: string, emit: Emit<IrEvent>) => void) {
    this.#read = read;
  }

  push(bytes: Uint8Array): void {
    this.#pieces.push(bytes.slice());
  }

  end(emit: Emit<IrEvent>, flush: () => void): void {
    this.#read(decodePieces(this.#pieces), emit);
    flush();
  }
}

function decodePieces(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
}

/** What a good answer goes through between its reader and its writer. */
export interface AnswerWay {
  readonly client: ClientDialect;
  readonly context: AnswerContext;
  readonly meter: Meter;
  readonly repairs: readonly Stage<IrEvent, IrEvent>[];
}

/**
 * The whole way of a translated stream, bytes to bytes: framing, reader, meter, repairs, order, writer.
 *
 * Emits once for each piece of the upstream. Whatever is thrown on the way, a stage's own mistake too, ends the stream
 * as an error in the client's dialect.
 */
export class TranslatedStream implements Stage<Uint8Array, Uint8Array> {
  readonly #source: EventSource;
  readonly #meter: Meter;
  readonly #writer: Stage<IrEvent, string>;
  readonly #stages: readonly Stage<IrEvent, IrEvent>[];
  /** Entry of each stage, and last the writer's. */
  readonly #entries: Emit<IrEvent>[];
  readonly #encoder = new TextEncoder();
  #text = "";
  /** The source has said its last; what it says after that is not heard. */
  #isOver = false;
  /** The client has been told the end. */
  #isClosed = false;

  constructor(source: EventSource, way: AnswerWay) {
    this.#source = source;
    this.#meter = way.meter;
    this.#writer = way.client.streamWriter(way.context);
    this.#stages = way.client.needsOrder ? [...way.repairs, inOrder()] : way.repairs;
    this.#entries = [this.#toWriter];
    for (const stage of this.#stages.toReversed()) {
      const next = this.#entries[0]!;
      this.#entries.unshift((event) => stage.push(event, next));
    }
  }

  push(bytes: Uint8Array, emit: Emit<Uint8Array>): void {
    if (this.#isOver) return;
    try {
      this.#source.push(bytes, this.#receive, this.#flush);
    } catch (error) {
      this.#fail(error);
    }
    this.#send(emit);
  }

  end(emit: Emit<Uint8Array>, isCut: boolean): void {
    try {
      if (!this.#isOver) this.#source.end(this.#receive, this.#flush, isCut);
      for (const [index, stage] of this.#stages.entries()) stage.end(this.#entries[index + 1]!, isCut);
    } catch (error) {
      this.#fail(error);
    }
    this.#writer.end(this.#write, isCut);
    this.#send(emit);
  }

  readonly #write = (text: string): void => {
    this.#text += text;
  };

  readonly #toWriter = (event: IrEvent): void => {
    if (event.type === "message-end" || event.type === "error") this.#isClosed = true;
    this.#writer.push(event, this.#write);
  };

  readonly #receive = (event: IrEvent): void => {
    if (this.#isOver) return;
    if (event.type === "message-end" || event.type === "error") this.#isOver = true;
    meterEvent(event, this.#meter);
    this.#entries[0]!(event);
  };

  readonly #flush = (): void => {
    // Without an iterator, since it runs for every event.
    for (let index = 0; index < this.#stages.length; index++)
      this.#stages[index]!.flush?.(this.#entries[index + 1]!);
    this.#writer.flush?.(this.#write);
  };

  /** Nothing comes after an end, not even that what came behind it could not be read. */
  #fail(thrown: unknown): void {
    if (this.#isClosed) return;
    this.#isOver = true;
    const event = { type: "error", error: errorOf(thrown) } as const;
    meterEvent(event, this.#meter);
    this.#toWriter(event);
  }

  #send(emit: Emit<Uint8Array>): void {
    if (this.#text === "") return;
    const bytes = this.#encoder.encode(this.#text);
    this.#text = "";
    emit(bytes);
  }
}

function errorOf(thrown: unknown): IrError {
  const message =
    thrown instanceof ExchangeFailure ? thrown.message : "The upstream's answer could not be translated";
  return { kind: "upstream", status: 502, type: "BadGateway", isUnnamed: true, message };
}
