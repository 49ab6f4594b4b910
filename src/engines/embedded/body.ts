/** Reading did not give a body: it is larger than allowed, or the client left. */
export type BodyFailure = "too-large" | "client-gone";

/** A request's whole body, at most `maxBytes`. A declared length above that is refused before a byte is read. */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array | BodyFailure> {
  const declared = request.headers.get("content-length");
  try {
    if (declared === null) return await readPieces(request.body, maxBytes);
    if (Number(declared) > maxBytes) return "too-large";
    return await request.bytes();
  } catch {
    return "client-gone";
  }
}

/** Without a declared length each piece is counted, so that a chunked body cannot grow past the limit. */
async function readPieces(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array | BodyFailure> {
  if (body === null) return new Uint8Array(0);
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return join(pieces, size);
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      return "too-large";
    }
    pieces.push(value);
  }
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
