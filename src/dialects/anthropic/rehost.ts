import type { WireEvent } from "../dialect.ts";
import type { IrEvent } from "../ir/events.ts";
import { meterEvent } from "../ir/meter.ts";
import type { Json } from "../ir/values.ts";
import { errorReplacement } from "../outbound.ts";
import type {
  AnswerReader,
  BodyPlan,
  ClientRequest,
  Meter,
  Passage,
  Replacement,
  UpstreamHead,
} from "../passage.ts";
import type { Emit, Stage } from "../stage.ts";
import { hasOddNumber, objectOf, parseExact, parseObject, textOf } from "../wire/exact-json.ts";
import { decodeText, encodeText } from "../wire/text.ts";
import { isOwnError, readError, writeError } from "./errors.ts";
import type { AnthropicHost } from "./hosts.ts";
import { MessageReader, readMessage } from "./read-answer.ts";

/**
 * Carries Anthropic's own API to another host of it: the same body in another envelope, and what comes back as it came,
 * but taken out of the host's framing. Errors of the host's own become errors of Anthropic's.
 */
export function rehostMessages(host: AnthropicHost): Passage {
  return {
    request(request, target) {
      const backendTarget = { schema: target.schema, model: target.model, host, headers: request.headers };
      const { set, remove } = host.headers(request.headers);
      const body = writeEnvelope(request, host, host.envelope(backendTarget, request.isStream));
      return { path: host.path(backendTarget, request.isStream), set, remove, body };
    },
    answer: (request, _target, meter) => new RehostedAnswer(host, request, meter),
  };
}

/** An error of the host's own becomes one of Anthropic's; one that is Anthropic's stays. */
export function rehostError(
  host: AnthropicHost,
  head: UpstreamHead,
  body: Uint8Array,
): Replacement | undefined {
  const text = decodeText(body);
  if (isOwnError(text)) return undefined;
  const error = readError({ status: head.status, headers: head.headers, text }, host);
  return errorReplacement(writeError(error, "body"), error, head);
}

/** Members that stand in the path instead of the body. */
const movedMembers = { native: [], vertex: ["model"], invoke: ["model", "stream"] } as const;

/** Everything else stays, known or not, in its order and with its numbers as they were written. */
function writeEnvelope(
  request: ClientRequest,
  host: AnthropicHost,
  envelope: { readonly [member: string]: Json },
): Uint8Array {
  const text = decodeText(request.bytes);
  const body = { ...objectOf(hasOddNumber(text) ? parseExact(text) : request.json), ...envelope };
  for (const member of movedMembers[host.name]) delete body[member];
  return encodeText(JSON.stringify(body));
}

class RehostedAnswer implements AnswerReader {
  readonly #host: AnthropicHost;
  readonly #request: ClientRequest;
  readonly #meter: Meter;

  constructor(host: AnthropicHost, request: ClientRequest, meter: Meter) {
    this.#host = host;
    this.#request = request;
    this.#meter = meter;
  }

  success(head: UpstreamHead): BodyPlan {
    const contentType = head.headers.get("content-type") ?? "";
    if (!this.#request.isStream || contentType.includes("application/json"))
      return { type: "whole", read: (body) => this.#look(body) };
    const report: Emit<IrEvent> = (event) => meterEvent(event, this.#meter);
    const frames = this.#host.frames();
    if (this.#host.name !== "invoke") return { type: "tap", stage: new Tap(frames, report) };
    return {
      type: "rewrite",
      stage: new Unwrapped(frames, report),
      set: [["content-type", "text/event-stream"]],
      remove: ["content-length"],
    };
  }

  error(head: UpstreamHead, body: Uint8Array): Replacement | undefined {
    return rehostError(this.#host, head, body);
  }

  /** A good answer goes to the client whether or not it can be read. */
  #look(body: Uint8Array): undefined {
    try {
      readMessage(decodeText(body), (event) => meterEvent(event, this.#meter));
    } catch {
      // Nothing is counted.
    }
    return undefined;
  }
}

/** Looks on from the side; what it cannot read blinds it, and harms nobody. */
class Tap implements Stage<Uint8Array, never> {
  readonly #frames: Stage<Uint8Array, WireEvent>;
  readonly #reader = new MessageReader();
  readonly #report: Emit<IrEvent>;
  #isBlind = false;

  constructor(frames: Stage<Uint8Array, WireEvent>, report: Emit<IrEvent>) {
    this.#frames = frames;
    this.#report = report;
  }

  push(bytes: Uint8Array): void {
    this.#look(() => this.#frames.push(bytes, this.#read));
  }

  end(_emit: Emit<never>, isCut: boolean): void {
    this.#look(() => this.#frames.end(this.#read, isCut));
    this.#look(() => this.#reader.end(this.#report));
  }

  readonly #read = (event: WireEvent): void => this.#reader.push(event, this.#report);

  #look(look: () => void): void {
    if (this.#isBlind) return;
    try {
      look();
    } catch {
      this.#isBlind = true;
    }
  }
}

/** Anthropic's events out of the frames, word for word. A stream that breaks off ends with an error event. */
class Unwrapped implements Stage<Uint8Array, Uint8Array> {
  readonly #frames: Stage<Uint8Array, WireEvent>;
  readonly #reader = new MessageReader();
  readonly #report: Emit<IrEvent>;
  readonly #encoder = new TextEncoder();
  #text = "";
  #isOver = false;

  constructor(frames: Stage<Uint8Array, WireEvent>, report: Emit<IrEvent>) {
    this.#frames = frames;
    this.#report = report;
  }

  push(bytes: Uint8Array, emit: Emit<Uint8Array>): void {
    this.#frames.push(bytes, this.#pass);
    this.#send(emit);
  }

  end(emit: Emit<Uint8Array>, isCut: boolean): void {
    this.#frames.end(this.#pass, isCut);
    this.#reader.end((event) => this.#read(event, true));
    this.#send(emit);
  }

  readonly #pass = (wire: WireEvent): void => {
    if (this.#isOver) return;
    this.#reader.push(wire, (event) => this.#read(event, wire.isException));
    if (wire.isException) return;
    const type = textOf(parseObject(wire.data)?.["type"]);
    if (type !== undefined) this.#text += `event: ${type}\ndata: ${wire.data}\n\n`;
  };

  /** `isOurs`: no event of Anthropic's says it, so it has to be written. */
  #read(event: IrEvent, isOurs: boolean): void {
    this.#report(event);
    if (event.type !== "error" || !isOurs) return;
    this.#isOver = true;
    this.#text += writeError(event.error, "stream");
  }

  #send(emit: Emit<Uint8Array>): void {
    if (this.#text === "") return;
    emit(this.#encoder.encode(this.#text));
    this.#text = "";
  }
}
