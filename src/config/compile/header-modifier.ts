import type { HeaderEdits } from "../../model/values.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import type { HeaderModifier } from "../resources/gateway-api/http-filters.ts";
import type { Context } from "./context.ts";
import { isHeaderValue } from "./edits.ts";

/** What an upstream or a client would take for something else than it is. */
const fixedHeaders = /^(host|:.*|x-ai-eg-.*|content-length|transfer-encoding|connection)$/;

/** Names in lower case. The first mention of a name counts, as set before add before remove. */
export function readModifier(
  { report }: Context,
  resource: Resource,
  path: Path,
  { set, add, remove }: HeaderModifier,
): HeaderEdits {
  const taken = new Set<string>();
  const isOurs = (name: string, at: Path) => {
    if (fixedHeaders.test(name))
      report.error(
        originOf(resource, [...path, ...at]),
        "header-fixed",
        `header ${JSON.stringify(name)} cannot be changed here`,
      );
    if (taken.has(name)) {
      const message = `header ${JSON.stringify(name)} was named before; this is ignored`;
      report.warning(originOf(resource, [...path, ...at]), "header-repeated", message);
    }
    return fixedHeaders.test(name) || taken.has(name);
  };
  const read = (member: "set" | "add") =>
    (member === "set" ? set : add).flatMap(({ name: written, value }, index) => {
      const name = written.toLowerCase();
      if (isOurs(name, [member, index, "name"])) return [];
      if (!isHeaderValue(value)) {
        const origin = originOf(resource, [...path, member, index, "value"]);
        report.error(origin, "header-value", "holds a character that a header value cannot have");
      }
      taken.add(name);
      return [[name, value] as const];
    });
  const [setting, adding] = [read("set"), read("add")];
  const removing = remove
    .map((name) => name.toLowerCase())
    .filter((name, index) => !isOurs(name, ["remove", index]));
  return { remove: [...new Set(removing)], set: setting, add: adding };
}
