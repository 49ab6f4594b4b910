import type { Backend } from "../../../model/backend.ts";
import type { Path } from "../../diagnostics.ts";
import { isGranted } from "../../grants.ts";
import { originOf, type Resource } from "../../resource.ts";
import { groups, type SecretReference } from "../../resources/common.ts";
import type { Entry } from "../../secrets.ts";
import type { Context } from "../context.ts";

export type Policy = Resource<"SecurityPolicy">;
export type Backends = ReadonlyMap<Resource<"Backend">, Backend | undefined>;

interface ObjectReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** The entries of a Secret (or of a ConfigMap, where `kinds` has it) that a policy refers to; `undefined` after a complaint. */
export function findEntries(
  context: Context,
  policy: Policy,
  path: Path,
  ref: ObjectReference | SecretReference,
  kinds: readonly ("Secret" | "ConfigMap")[],
): { readonly holder: Resource; readonly entries: ReadonlyMap<string, Entry> } | undefined {
  const { inventory, report } = context;
  const kind = kinds.find((one) => one === ref.kind);
  if (ref.group !== "" || kind === undefined) {
    const message = `must reference a ${kinds.join(" or ")}, not ${ref.kind}`;
    report.error(originOf(policy, [...path, "kind"]), "wrong-reference", message);
    return undefined;
  }
  const namespace = ref.namespace ?? policy.id.namespace;
  const found = inventory.find(kind, namespace, ref.name);
  if (found.type === "missing") {
    const message = `references ${kind} "${namespace}/${ref.name}", which is not in the configuration`;
    report.error(originOf(policy, [...path, "name"]), "missing-reference", message);
  }
  if (found.type !== "found" || !checkGrant(context, policy, path, found.resource)) return undefined;
  return { holder: found.resource, entries: context.entries.get(found.resource) ?? new Map() };
}

/** The Backend of a service that a policy needs; without it the policy cannot be honoured. */
export function findBackend(
  context: Context,
  backends: Backends,
  policy: Policy,
  path: Path,
  ref: ObjectReference,
): Backend | undefined {
  const { inventory, report } = context;
  if (ref.group !== groups.envoy || ref.kind !== "Backend") {
    const message =
      ref.kind === "Service"
        ? `references Service ${JSON.stringify(ref.name)}, which does not exist outside Kubernetes`
        : `must reference a Backend of ${groups.envoy}, not ${ref.kind} of ${JSON.stringify(ref.group)}`;
    report.error(originOf(policy, path), "wrong-reference", message, {
      mend: `use a ${groups.envoy} Backend with an fqdn, ip or unix endpoint`,
    });
    return undefined;
  }
  const namespace = ref.namespace ?? policy.id.namespace;
  const found = inventory.find("Backend", namespace, ref.name);
  if (found.type === "missing") {
    const message = `references Backend "${namespace}/${ref.name}", which is not in the configuration`;
    report.error(originOf(policy, [...path, "name"]), "missing-reference", message);
  }
  if (found.type !== "found" || !checkGrant(context, policy, path, found.resource)) return undefined;
  const backend = backends.get(found.resource);
  if (backend === undefined) {
    const message = `Backend ${namespace}/${ref.name} cannot be used`;
    report.error(originOf(policy, path), "unusable-backend", message);
  }
  return backend;
}

function checkGrant({ inventory, report }: Context, policy: Policy, path: Path, target: Resource): boolean {
  const { group, kind, namespace, name } = policy.id;
  if (isGranted(inventory, { group, kind, namespace }, target.id, true)) return true;
  const to = `${target.kind} ${target.id.namespace}/${target.id.name}`;
  const message = `reference from ${kind} ${namespace}/${name} to ${to} is not permitted by any ReferenceGrant`;
  report.error(originOf(policy, path), "not-granted", message, {
    mend: `add a ReferenceGrant in namespace ${target.id.namespace} from ${kind} of namespace ${namespace}`,
  });
  return false;
}
