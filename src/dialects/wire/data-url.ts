import type { IrSource } from "../ir/parts.ts";
import { meaningless } from "./grammar.ts";

export interface ReadUrl {
  readonly source: IrSource;
  readonly mediaType: string | undefined;
}

/** What a URL points at: the bytes in a `data:` URL, or somewhere else. `undefined` if a data URL is none. */
export function readUrl(url: string): ReadUrl | undefined {
  if (!url.startsWith("data:")) return { source: { type: "url", url }, mediaType: undefined };
  const comma = url.indexOf(",");
  const head = url.slice("data:".length, Math.max(comma, 0)).split(";");
  if (comma === -1 || head.at(-1) !== "base64") return undefined;
  return { source: { type: "base64", data: url.slice(comma + 1) }, mediaType: head[0]?.toLowerCase() };
}

/** The same of a client's URL, which must be right. */
export function readClientUrl(url: string): ReadUrl {
  return readUrl(url) ?? meaningless("", 'a data URL must look like "data:image/png;base64,…"');
}
