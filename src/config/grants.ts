import type { ResourceId } from "../model/origin.ts";
import type { Inventory } from "./inventory.ts";

interface Grantee {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

/**
 * Whether a reference into another namespace is permitted by a ReferenceGrant of that namespace.
 *
 * The AI layer of the reference implementation does not look at `to.name`, Envoy Gateway does: `isNameChecked`.
 */
export function isGranted(
  inventory: Inventory,
  from: Grantee,
  to: ResourceId,
  isNameChecked: boolean,
): boolean {
  if (from.namespace === to.namespace) return true;
  return inventory.all("ReferenceGrant").some(({ id, value: { spec } }) => {
    if (id.namespace !== to.namespace) return false;
    const isFrom = spec.from.some(
      ({ group, kind, namespace }) =>
        group === from.group && kind === from.kind && namespace === from.namespace,
    );
    const isTo = spec.to.some(
      ({ group, kind, name }) =>
        group === to.group && kind === to.kind && (!isNameChecked || name === undefined || name === to.name),
    );
    return isFrom && isTo;
  });
}
