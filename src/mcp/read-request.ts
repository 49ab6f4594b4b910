import { joinBytes } from "../dialects/wire/bytes.ts";
import { RpcError, rpcCodes } from "./rpc/errors.ts";

/** A request's whole body. Throws `RpcError` (413) for one above the limit, before a byte is read where it says so. */
export async function readRequest(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  try {
    return declared === null ? await readPieces(request.body, maxBytes) : await request.bytes();
  } catch (error) {
    if (error instanceof RpcError) throw error;
    throw new RpcError(rpcCodes.parseError, "the body is incomplete", { status: 400, cause: error });
  }
}

async function readPieces(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw tooLarge(maxBytes);
    }
    pieces.push(value);
  }
  return joinBytes(pieces);
}

function tooLarge(maxBytes: number): RpcError {
  const message = `the body is larger than the ${maxBytes} bytes that this gateway accepts`;
  return new RpcError(rpcCodes.invalidRequest, message, { status: 413 });
}
