import type { LocalAnswer } from "../../endpoints/index.ts";
import type { Exchange } from "../../exchange/exchange.ts";
import type { UpstreamMessage } from "../../exchange/upstream-message.ts";

/** What an upstream is sent: an exchange's edits of the client's request, or headers that are complete. */
export type CarriedMessage = UpstreamMessage | PlainMessage;

export interface PlainMessage {
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined;
}

/** A request whose tries are the engine's business, and whose meaning is not: an exchange, or plain HTTP. */
export interface Carried extends Pick<Exchange, "canServe" | "refused" | "fail" | "answer" | "warnings"> {
  /** For one reference: the key of its AI backend, else its name. */
  attempt(
    ref: string,
    upstreamHost?: string,
  ): CarriedMessage | LocalAnswer | Promise<CarriedMessage | LocalAnswer>;
  /** Whose clients these are; absent for plain HTTP, whose streams nobody else can end with words. */
  readonly endpoint?: Exchange["endpoint"];
  /** False for a body that is gone once it was sent. */
  readonly isRepeatable?: boolean;
}
