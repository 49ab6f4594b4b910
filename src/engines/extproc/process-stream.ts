import { type Call, type CallListener, grpcStatus } from "./call.ts";
import type { MessageKind, ProcessingRequest } from "./codec/processing-request.ts";
import type { ProcessingResponse } from "./codec/processing-response.ts";
import { readDoor } from "./door.ts";
import { maxBodyMetadata } from "./names.ts";
import { PlainStream } from "./plain-stream.ts";
import type { Processor } from "./processor.ts";
import type { Role } from "./role.ts";
import { RouterStream } from "./router-stream.ts";
import { UpstreamStream } from "./upstream-stream.ts";

/** One stream of Envoy's: finds out what it is for, keeps its messages in order, and is where errors end. */
export class ProcessStream implements CallListener {
  readonly #call: Call;
  readonly #processor: Processor;
  #role: Role | undefined;
  #isBusy = false;
  #isBroken = false;
  #waiting: ProcessingRequest[] = [];

  constructor(call: Call, processor: Processor) {
    this.#call = call;
    this.#processor = processor;
  }

  message(message: ProcessingRequest): void {
    if (this.#isBusy) this.#waiting.push(message);
    else this.#handle(message);
  }

  ended(): void {
    this.#waiting = [];
    try {
      this.#role?.ended();
    } catch (error) {
      this.#report(error);
    }
  }

  #handle(message: ProcessingRequest): void {
    if (this.#isBroken) return;
    try {
      this.#role ??= this.#roleOf(message);
      const answer = this.#role.answer(message);
      if (answer instanceof Promise) this.#wait(answer);
      else this.#call.send(answer);
    } catch (error) {
      this.#fail(error);
    }
  }

  #wait(pending: Promise<ProcessingResponse>): void {
    this.#isBusy = true;
    pending
      .then(
        (answer) => this.#call.send(answer),
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        this.#isBusy = false;
        // Each of them may have to be waited for in turn.
        while (!this.#isBusy) {
          const next = this.#waiting.shift();
          if (next === undefined) return;
          this.#handle(next);
        }
      })
      .catch((error: unknown) => this.#report(error));
  }

  #roleOf({ kind, hasAttributes }: ProcessingRequest): Role {
    // Where an earlier filter has answered, the stream begins with the response: that is none of ours.
    if (kind !== "request-headers") return bystander;
    if (hasAttributes) return new UpstreamStream(this.#processor);
    const maxBodyBytes = Number(this.#call.metadata(maxBodyMetadata) ?? Number.POSITIVE_INFINITY);
    const door = readDoor(this.#call);
    if (door.isPlain) return new PlainStream(this.#processor, door);
    return new RouterStream(this.#processor, maxBodyBytes, door);
  }

  /** Whatever throws here is our mistake: the client gets an error in its own shape, the log says why. */
  #fail(error: unknown): void {
    this.#report(error);
    this.#isBroken = true;
    const answer = this.#role?.broken(error);
    if (answer === undefined) this.#call.fail(grpcStatus.unknown, "error processing request message");
    else this.#call.send(answer);
  }

  #report(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#processor.log.error("request failed", { error: text });
  }
}

/** Changes nothing. */
const bystander: Role = {
  answer({ kind }) {
    if (kind === undefined) throw new Error("the message has no content");
    return { kind } satisfies { kind: MessageKind };
  },
  broken: () => undefined,
  ended() {},
};
