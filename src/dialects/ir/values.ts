/** A parsed JSON value. Numbers that JavaScript would change are `JSON.rawJSON` objects; read them with `numberOf`. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json;
}

/** Who defined a member, a block or a signature: not the host it came from, and not the body it stood in. */
export type Family = "openai" | "anthropic" | "google" | "aws" | "cohere" | "vllm";

/** Members that only one family knows. Only writers of that family read them; others warn. */
export type Extras = { readonly [F in Family]?: JsonObject };

/**
 * A provider's signature or cipher text: never read, only given back.
 *
 * - `form`: what `value` is; Converse carries bytes, so base64, where Anthropic carries text.
 * - `family` is absent if a client gave it back unmarked.
 * - `itemId`: the id of the item it belongs to, which OpenAI's responses want back with it.
 */
export interface IrSeal {
  readonly value: string;
  readonly form: "text" | "base64";
  readonly family?: Family | undefined;
  readonly itemId?: string | undefined;
}

/** A cache breakpoint after a part. `ttl`: `5m` or `1h`. */
export interface IrCache {
  readonly ttl?: string | undefined;
}

/** Something of a request or an answer that did not travel. `loud` ones are shown once a request, `quiet` ones at debug level. */
export interface IrWarning {
  readonly level: "quiet" | "loud";
  /** The member, as the client wrote it: `messages[2].content[0]`. */
  readonly path: string;
  readonly message: string;
}

/** Offsets count UTF-16 units of the text block, end exclusive. `extras` has the provider's own object. */
export interface IrCitation {
  readonly url?: string | undefined;
  readonly title?: string | undefined;
  readonly citedText?: string | undefined;
  readonly startIndex?: number | undefined;
  readonly endIndex?: number | undefined;
  readonly extras?: Extras | undefined;
}
