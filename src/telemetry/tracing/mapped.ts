import type { HeaderView } from "../../model/headers.ts";
import type { HeaderAttribute } from "../../policy/header-attributes.ts";
import type { Attributes } from "./attributes.ts";

/** An empty header is as good as none. */
export function mappedOf(mapped: readonly HeaderAttribute[], headers: HeaderView): Attributes {
  const attributes: Attributes = {};
  for (const { attribute, headers: names } of mapped) {
    const value = names.map((name) => headers.get(name)).find((text) => text !== null && text !== "");
    if (value !== undefined && value !== null) attributes[attribute] = value;
  }
  return attributes;
}
