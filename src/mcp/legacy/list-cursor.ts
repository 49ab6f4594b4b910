import { createHash } from "node:crypto";
import { decodeText, encodeText } from "../../dialects/wire/text.ts";
import { RpcError, rpcCodes } from "../rpc/errors.ts";
import type { SessionVisit } from "../server.ts";
import type { ListItem } from "./list-memory.ts";

/** Where the next page of a merged list begins. It is good for this list alone, not for one that has changed. */
export function writeCursor(
  { server, route }: SessionVisit,
  method: string,
  offset: number,
  items: readonly ListItem[],
): string {
  return server.keys.seal(
    encodeText(`${offset} ${digestOfList(items)}`),
    "cursor",
    `${route.route.key} ${method}`,
  );
}

/** The place that a cursor names. Throws `RpcError` for one that was not given for this list. */
export function readCursor(
  { server, route }: SessionVisit,
  method: string,
  cursor: unknown,
  items: readonly ListItem[],
): number {
  if (cursor === undefined) return 0;
  const opened =
    typeof cursor === "string"
      ? server.keys.open(cursor, "cursor", `${route.route.key} ${method}`)
      : undefined;
  if (opened === undefined || opened === "malformed") throw invalid();
  const [offset, digest] = decodeText(opened).split(" ");
  if (digest !== digestOfList(items)) throw invalid();
  return Number(offset);
}

function digestOfList(items: readonly ListItem[]): string {
  const hash = createHash("sha256");
  for (const { bytes } of items) hash.update(bytes);
  return hash.digest("base64url").slice(0, 22);
}

function invalid(): RpcError {
  return new RpcError(rpcCodes.invalidParams, "invalid cursor");
}
