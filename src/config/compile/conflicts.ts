import { compareText, type Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import type { Context } from "./context.ts";

/** Resources of one kind by namespace and name: the order in which they win. */
export function sortByName<R extends Resource>(resources: readonly R[]): R[] {
  const key = ({ id }: Resource) => `${id.namespace}/${id.name}`;
  return resources.toSorted((a, b) => compareText(key(a), key(b)));
}

/** A later policy, by name, has no effect on a target that is taken. */
export function sayConflict(
  { report }: Context,
  policy: Resource,
  rival: Resource,
  path: Path,
  target: string,
): void {
  const message = `Unable to target ${target}, another ${policy.kind} has already attached to it: ${rival.id.namespace}/${rival.id.name}`;
  report.warning(originOf(policy, path), "policy-conflict", message, {
    related: [["the one in effect", originOf(rival)]],
  });
}
