import { asObject, isObject } from "../../dialects/wire/json.ts";
import { eachEntry, findMember, isArrayAt, isObjectAt, textStart } from "../../dialects/wire/json-scan.ts";
import { decodeText } from "../../dialects/wire/text.ts";
import { editPaths, nameOf } from "../json/edit-paths.ts";
import type { Naming } from "../naming/naming.ts";
import { itemEdits } from "../naming/rewrite.ts";
import type { PreparedBackend } from "../prepare.ts";
import type { RpcResponse } from "../rpc/read-message.ts";
import type { ListItem, ListPage } from "./list-memory.ts";
import type { ListMethod } from "./list-methods.ts";

/**
 * The items in one answer to a list request, as clients see them: each with everything that the backend said of it.
 * An item without a name of its own is left out, since nobody could ask for it. Throws `SyntaxError` for no list.
 */
export function readListPage(
  { bytes, value }: RpcResponse,
  { member, key }: ListMethod,
  { prefix }: Pick<PreparedBackend, "prefix">,
  naming: Naming,
): ListPage {
  const result = asObject(value["result"]);
  const at = findMember(bytes, findMember(bytes, textStart(bytes), nameOf("result")), nameOf(member));
  if (result === undefined || at < 0 || !isArrayAt(bytes, at)) throw new SyntaxError(`no list of ${member}`);
  const items: ListItem[] = [];
  eachEntry(bytes, at, (_start, _keyEnd, from, to) => {
    const text = bytes.subarray(from, to);
    const item = isObjectAt(text, 0) ? (JSON.parse(decodeText(text)) as unknown) : undefined;
    if (!isObject(item)) return false;
    const bare = item[key];
    if (typeof bare !== "string" || bare === "") return false;
    const edits = naming === "transparent" ? [] : itemEdits(item, prefix, naming === "prefixed");
    items.push({ bare, bytes: editPaths(text, edits) });
    return false;
  });
  const { nextCursor, _meta } = result;
  const cursor = typeof nextCursor === "string" && nextCursor !== "" ? nextCursor : undefined;
  return { items, nextCursor: cursor, meta: asObject(_meta) };
}
