import type { SecretRef } from "../../model/values.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import type { SecretReference } from "../resources/common.ts";
import { type Entry, refer } from "../secrets.ts";
import type { Context } from "./context.ts";

export type Policy = Resource<"BackendSecurityPolicy">;

export interface HeldEntry {
  readonly holder: Resource<"Secret">;
  readonly entry: Entry;
}

/** The Secret's entry that a policy refers to: the first of `keys` that is there. Only some types look into other namespaces: `isNamespaceHonoured`. */
export function secretEntry(
  { inventory, entries, report }: Context,
  policy: Resource,
  path: Path,
  ref: SecretReference,
  keys: readonly [string, ...string[]],
  isNamespaceHonoured: boolean,
): HeldEntry | undefined {
  const own = policy.id.namespace;
  if (ref.kind !== "Secret" || ref.group !== "") {
    report.error(
      originOf(policy, [...path, "kind"]),
      "wrong-reference",
      `must reference a Secret, not ${ref.kind}`,
    );
    return undefined;
  }
  if (!isNamespaceHonoured && ref.namespace !== undefined && ref.namespace !== own) {
    const message = `is not looked at for this type: the Secret is taken from namespace ${own}`;
    report.warning(originOf(policy, [...path, "namespace"]), "namespace-ignored", message);
  }
  const namespace = isNamespaceHonoured ? (ref.namespace ?? own) : own;
  const found = inventory.find("Secret", namespace, ref.name);
  if (found.type === "missing") {
    const message = `references Secret "${namespace}/${ref.name}", which is not in the configuration`;
    report.error(originOf(policy, [...path, "name"]), "missing-reference", message);
  }
  if (found.type !== "found") return undefined;
  const held = entries.get(found.resource);
  const entry = keys.map((key) => held?.get(key)).find((one) => one !== undefined);
  if (entry === undefined) {
    report.error(
      originOf(policy, path),
      "missing-key",
      `secret ${namespace}/${ref.name} does not contain '${keys[0]}' key`,
      {
        related: [["the Secret", originOf(found.resource)]],
      },
    );
    return undefined;
  }
  return { holder: found.resource, entry };
}

export function sayEmpty(
  { report }: Context,
  policy: Resource,
  holder: Resource,
  { path, unset, from, name }: Entry,
): void {
  const cause = unset === undefined ? "" : `: $${unset} is not set`;
  const source = from === "literal" ? "" : ` (from ${name})`;
  const field = policy.kind === "MCPRoute" ? "apiKey" : policy.kind;
  const remedy = unset === undefined ? "give it a value" : `set ${unset}`;
  report.error(originOf(holder, path), "empty-secret", `is empty${source}${cause}`, {
    mend: `${remedy}, or leave out the ${field} for a server that wants no key`,
    related: [["used here", originOf(policy)]],
  });
}

/** A reference to such an entry that is not empty; `undefined` after a complaint. */
export function referTo(
  context: Context,
  policy: Resource,
  path: Path,
  ref: SecretReference,
  keys: readonly [string, ...string[]],
  isNamespaceHonoured: boolean,
): SecretRef | undefined {
  const found = secretEntry(context, policy, path, ref, keys, isNamespaceHonoured);
  if (found === undefined) return undefined;
  const { holder, entry } = found;
  if (entry.value.trim() !== "") {
    return refer(entry, holder, context.origins.at(holder, entry.path), context.secrets, true);
  }
  sayEmpty(context, policy, holder, entry);
  return undefined;
}
