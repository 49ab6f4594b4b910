import type { Explanation } from "../../explain/index.ts";
import { resourceName } from "../../model/origin.ts";

export function writeJson({ outcome, facts, sent }: Explanation): string {
  const written = facts.map(({ name, text, origin }) => ({
    name: name.trim(),
    text,
    ...(origin === undefined
      ? {}
      : {
          file: origin.file,
          line: origin.line,
          column: origin.column,
          resource: resourceName(origin.resource),
          path: origin.path,
          ...(origin.variable === undefined ? {} : { variable: origin.variable }),
        }),
  }));
  return `${JSON.stringify({ outcome, facts: written, upstreamRequests: sent }, null, 2)}\n`;
}
