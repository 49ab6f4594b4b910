import type { Transform } from "node:stream";
import { promisify } from "node:util";
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzip,
  inflate,
  zstdDecompress,
} from "node:zlib";
import { decompressionOf } from "../dialects/wire/content-encoding.ts";

/** Upper bound of a decoded body that is held in memory; a compressed body can be a thousand times its size. */
const maxDecodedBytes = 256 * 1024 * 1024;

const options = { maxOutputLength: maxDecodedBytes };
const decoders: { readonly [encoding: string]: (bytes: Uint8Array) => Promise<Uint8Array> } = {
  gzip: (bytes) => promisify(gunzip)(bytes, options),
  "x-gzip": (bytes) => promisify(gunzip)(bytes, options),
  br: (bytes) => promisify(brotliDecompress)(bytes, options),
  deflate: (bytes) => promisify(inflate)(bytes, options),
  zstd: (bytes) => promisify(zstdDecompress)(bytes, options),
};

export function canDecode(encoding: string): boolean {
  return encoding in decoders;
}

/** A whole body, decoded. Rejects for bytes that are not what their encoding says. An empty body stays empty. */
export async function decodeWhole(bytes: Uint8Array, encoding: string | undefined): Promise<Uint8Array> {
  if (encoding === undefined || bytes.length === 0) return bytes;
  const decode = decoders[encoding];
  if (decode === undefined) throw new Error(`content-encoding "${encoding}" is not known`);
  return await decode(bytes);
}

/** A stream, decoded as it comes. */
export function decodeStream(body: ReadableStream<Uint8Array>, encoding: string): ReadableStream<Uint8Array> {
  const { readable, writable } = decoder(encoding);
  return body.pipeThrough({ readable, writable: writable as WritableStream<Uint8Array> });
}

/** A decoder to feed by hand, for looking on beside bytes that go on as they came. */
export function decoder(encoding: string): DecompressionStream {
  const found = decompressionOf(encoding);
  if (found === undefined) throw new Error(`content-encoding "${encoding}" is not known`);
  return found;
}

const pieceDecoders: { readonly [encoding: string]: () => Transform } = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  br: createBrotliDecompress,
  deflate: createInflate,
  zstd: createZstdDecompress,
};

/** Decodes a stream whose pieces come by hand, and says for each what it gave: as much as can be told by then. */
export class PieceDecoder {
  readonly #stream: Transform;
  #decoded: Uint8Array[] = [];
  #failure: Error | undefined;
  /** Ends the wait for a piece whose decoding failed: its own callback is then never called. */
  #onFailure: (() => void) | undefined;

  /** `encoding` is one that `canDecode`. */
  constructor(encoding: string) {
    const create = pieceDecoders[encoding];
    if (create === undefined) throw new Error(`content-encoding "${encoding}" is not known`);
    this.#stream = create();
    this.#stream.on("data", (piece: Uint8Array) => this.#decoded.push(piece));
    this.#stream.on("error", (error: Error) => {
      this.#failure = error;
      this.#onFailure?.();
    });
  }

  /** Rejects for bytes that are not what their encoding says, then and for ever after. */
  push(piece: Uint8Array): Promise<readonly Uint8Array[]> {
    return this.#wait((resolve) => this.#stream.write(piece, resolve));
  }

  /** What was held back until it was known that nothing more comes. Rejects for a body that ends too early. */
  end(): Promise<readonly Uint8Array[]> {
    return this.#wait((resolve) => {
      this.#stream.on("end", resolve);
      this.#stream.end();
    });
  }

  /** Lets go of what a decoder holds, which the collector does not see the size of. */
  close(): void {
    this.#stream.destroy();
  }

  async #wait(begin: (resolve: () => void) => void): Promise<readonly Uint8Array[]> {
    if (this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#onFailure = resolve;
        begin(resolve);
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#decoded.splice(0);
  }
}
