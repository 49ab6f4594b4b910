import { Buffer } from "node:buffer";
import type { BodyPlan, Replacement } from "../../dialects/passage.ts";
import type { Stage } from "../../dialects/stage.ts";
import { decodeWhole, PieceDecoder } from "../decode.ts";
import type { HeaderSets } from "./codec/processing-response.ts";

/** What becomes of one piece of a response's body. */
export interface Piece {
  /** Absent: as it came. Empty: nothing of it goes on. */
  readonly body?: Uint8Array;
  /** Edits of the head and a status of its own, for a whole body whose head has not been sent yet. */
  readonly remove?: readonly string[];
  readonly set?: HeaderSets;
  readonly status?: number;
}

/** Takes the pieces of one response's body in order, each when the one before is done. */
export interface ResponseBody {
  push(piece: Uint8Array, isEnd: boolean): Piece | Promise<Piece>;
  /** Nothing more comes. `isCut`: there should have. */
  close(isCut: boolean): void;
}

const asItCame: Piece = {};
const swallowed: Piece = { body: new Uint8Array(0) };

function ignore(): void {}

/** `encoding` is one that can be decoded; `onFailure` writes the last words of a stream that cannot be gone on with. */
export function planResponseBody(
  plan: BodyPlan,
  encoding: string | undefined,
  onFailure: (error: unknown) => Uint8Array | undefined,
): ResponseBody {
  switch (plan.type) {
    case "pass":
      return passingBody;
    case "tap":
      return encoding === undefined
        ? new TappedBody(plan.stage)
        : new EncodedTappedBody(plan.stage, encoding);
    case "rewrite":
      return new RewrittenBody(plan.stage, encoding, onFailure);
    case "whole":
      return new WholeBody(plan.read, encoding);
  }
}

/** Nobody reads it. */
export const passingBody: ResponseBody = { push: () => asItCame, close: ignore };

/** Looks on while bytes go by. */
class TappedBody implements ResponseBody {
  readonly #stage: Stage<Uint8Array, never>;
  #isOver = false;

  constructor(stage: Stage<Uint8Array, never>) {
    this.#stage = stage;
  }

  push(piece: Uint8Array, isEnd: boolean): Piece {
    if (piece.length > 0) this.#stage.push(piece, ignore);
    if (isEnd) this.close(false);
    return asItCame;
  }

  close(isCut: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stage.end(ignore, isCut);
  }
}

/** Decodes a copy beside the bytes; only the last piece waits for it. What cannot be decoded is not counted. */
class EncodedTappedBody implements ResponseBody {
  readonly #tapped: TappedBody;
  readonly #decoder: PieceDecoder;
  #work: Promise<void> = Promise.resolve();

  constructor(stage: Stage<Uint8Array, never>, encoding: string) {
    this.#tapped = new TappedBody(stage);
    this.#decoder = new PieceDecoder(encoding);
  }

  push(piece: Uint8Array, isEnd: boolean): Piece | Promise<Piece> {
    if (piece.length > 0) this.#then(() => this.#decoder.push(piece));
    if (!isEnd) return asItCame;
    this.#then(() => this.#decoder.end());
    return this.#work.then(() => {
      this.close(false);
      return asItCame;
    });
  }

  close(isCut: boolean): void {
    this.#tapped.close(isCut);
    this.#decoder.close();
  }

  #then(decode: () => Promise<readonly Uint8Array[]>): void {
    this.#work = this.#work.then(decode).then((pieces) => {
      for (const piece of pieces) this.#tapped.push(piece, false);
    }, ignore);
  }
}

/** What the stage emits goes on instead, not compressed. */
class RewrittenBody implements ResponseBody {
  readonly #stage: Stage<Uint8Array, Uint8Array>;
  readonly #decoder: PieceDecoder | undefined;
  readonly #onFailure: (error: unknown) => Uint8Array | undefined;
  #emitted: Uint8Array[] = [];
  #isOver = false;
  readonly #emit = (bytes: Uint8Array) => {
    this.#emitted.push(bytes);
  };

  constructor(
    stage: Stage<Uint8Array, Uint8Array>,
    encoding: string | undefined,
    onFailure: (error: unknown) => Uint8Array | undefined,
  ) {
    this.#stage = stage;
    this.#decoder = encoding === undefined ? undefined : new PieceDecoder(encoding);
    this.#onFailure = onFailure;
  }

  push(piece: Uint8Array, isEnd: boolean): Piece | Promise<Piece> {
    if (this.#isOver) return swallowed;
    if (this.#decoder !== undefined) return this.#pushEncoded(this.#decoder, piece, isEnd);
    try {
      if (piece.length > 0) this.#stage.push(piece, this.#emit);
      if (isEnd) this.#end(false);
    } catch (error) {
      this.#fail(error);
    }
    return this.#flush();
  }

  close(isCut: boolean): void {
    this.#decoder?.close();
    if (this.#isOver) return;
    try {
      this.#end(isCut);
    } catch {
      // There is nobody left to tell.
    }
    this.#emitted = [];
  }

  async #pushEncoded(decoder: PieceDecoder, piece: Uint8Array, isEnd: boolean): Promise<Piece> {
    try {
      if (piece.length > 0)
        for (const decoded of await decoder.push(piece)) this.#stage.push(decoded, this.#emit);
      if (isEnd) {
        for (const decoded of await decoder.end()) this.#stage.push(decoded, this.#emit);
        this.#end(false);
      }
    } catch (error) {
      this.#fail(error);
    }
    if (isEnd) decoder.close();
    return this.#flush();
  }

  #end(isCut: boolean): void {
    this.#isOver = true;
    this.#stage.end(this.#emit, isCut);
  }

  /** Its head is with the client, so all that can be done is to say so and be silent. */
  #fail(error: unknown): void {
    this.#isOver = true;
    const words = this.#onFailure(error);
    if (words !== undefined) this.#emit(words);
  }

  #flush(): Piece {
    const pieces = this.#emitted;
    const [only] = pieces;
    if (only === undefined) return swallowed;
    this.#emitted = [];
    return { body: pieces.length === 1 ? only : Buffer.concat(pieces) };
  }
}

/** Held until it is complete, which mostly is at once: Envoy collects it. */
class WholeBody implements ResponseBody {
  readonly #read: (body: Uint8Array) => Replacement | undefined;
  readonly #encoding: string | undefined;
  #pieces: Uint8Array[] = [];

  constructor(read: (body: Uint8Array) => Replacement | undefined, encoding: string | undefined) {
    this.#read = read;
    this.#encoding = encoding;
  }

  push(piece: Uint8Array, isEnd: boolean): Piece | Promise<Piece> {
    if (!isEnd) {
      this.#pieces.push(piece);
      return swallowed;
    }
    const isSplit = this.#pieces.length > 0;
    const body = isSplit ? Buffer.concat([...this.#pieces, piece]) : piece;
    if (this.#encoding === undefined) return this.#finish(body, body, isSplit);
    return decodeWhole(body, this.#encoding).then(
      (decoded) => this.#finish(decoded, body, isSplit),
      // The bytes still go on: the client may be able to make sense of what we cannot.
      () => (isSplit ? { body } : asItCame),
    );
  }

  close(): void {
    this.#pieces = [];
  }

  #finish(decoded: Uint8Array, body: Uint8Array, isSplit: boolean): Piece {
    const replacement = this.#read(decoded);
    if (replacement !== undefined) return replace(replacement, this.#encoding !== undefined);
    return isSplit ? { body } : asItCame;
  }
}

function replace({ body, contentType, set = [], status }: Replacement, isEncoded: boolean): Piece {
  return {
    body,
    set: [...set, ["content-type", contentType], ["content-length", String(body.length)]],
    ...(isEncoded ? { remove: ["content-encoding"] } : {}),
    ...(status === undefined ? {} : { status }),
  };
}
