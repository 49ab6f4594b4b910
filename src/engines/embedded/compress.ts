import type { Encoding } from "../../model/traffic.ts";

/** What Envoy compresses where nothing else is said; no streams of events, whose pieces must not wait for one another. */
const compressible = new Set([
  "application/javascript",
  "application/json",
  "application/xhtml+xml",
  "image/svg+xml",
  "text/css",
  "text/html",
  "text/plain",
  "text/xml",
]);

/** Below it there is nothing to be won. */
const minBytes = 30;

const formats = { gzip: "gzip", br: "brotli", zstd: "zstd" } as const;

/** An answer in the best of the encodings offered that its client takes; else as it is. */
export function compressAnswer(request: Request, answer: Response, offered: readonly Encoding[]): Response {
  const { headers, status, body } = answer;
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  const length = headers.get("content-length");
  const isWorth = body !== null && compressible.has(type) && (length === null || Number(length) >= minBytes);
  if (!isWorth || headers.has("content-encoding")) return answer;
  const encoding = chooseEncoding(request.headers.get("accept-encoding") ?? "", offered);
  const compressor = encoding && makeCompressor(encoding);
  if (encoding === undefined || compressor === undefined) return answer;
  const changed = new Headers(headers);
  changed.delete("content-length");
  changed.set("content-encoding", encoding);
  changed.append("vary", "accept-encoding");
  return new Response(body.pipeThrough(compressor), { status, headers: changed });
}

/** The first offered of those that the client likes best. */
export function chooseEncoding(accepted: string, offered: readonly Encoding[]): Encoding | undefined {
  const weights = new Map<string, number>();
  for (const part of accepted.toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((piece) => piece.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    weights.set(name, weight === undefined ? 1 : Number(weight) || 0);
  }
  const weightOf = (encoding: Encoding) => weights.get(encoding) ?? weights.get("*") ?? 0;
  let best: Encoding | undefined;
  for (const encoding of offered)
    if (weightOf(encoding) > (best === undefined ? 0 : weightOf(best))) best = encoding;
  return best;
}

/** `undefined` where the runtime cannot: formats beyond the web's own are for runtimes to know. */
function makeCompressor(encoding: Encoding): CompressionStream | undefined {
  try {
    return new CompressionStream(formats[encoding] as CompressionFormat);
  } catch {
    return undefined;
  }
}
