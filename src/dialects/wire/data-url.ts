import type { IrSource } from "../ir/parts.ts";
import { meaningless } from "./grammar.ts";

/** What a URL of a client points at: the bytes in a `data:` URL, or somewhere else. Parameters of the media type are left out. */
export function readUrl(url: string): { readonly source: IrSource; readonly mediaType: string | undefined } {
  if (!url.startsWith("data:")) return { source: { type: "url", url }, mediaType: undefined };
  const comma = url.indexOf(",");
  const head = url.slice("data:".length, Math.max(comma, 0)).split(";");
  if (comma === -1 || head.at(-1) !== "base64") {
    return meaningless("", 'a data URL must look like "data:image/png;base64,…"');
  }
  return { source: { type: "base64", data: url.slice(comma + 1) }, mediaType: head[0]?.toLowerCase() };
}
