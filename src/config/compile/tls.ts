import { isIP } from "node:net";
import type { UpstreamTls } from "../../model/backend.ts";
import type { SecretRef } from "../../model/values.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import { groups } from "../resources/common.ts";
import { type Entry, refer } from "../secrets.ts";
import { sayConflict, sortByName } from "./conflicts.ts";
import type { Context } from "./context.ts";

type Policy = Resource<"BackendTLSPolicy">;
type Validation = Policy["value"]["spec"]["validation"];

/** BackendTLSPolicies by what they are about: a Backend, or one port of it. */
export interface TlsPolicies {
  find(backend: Resource<"Backend">, port: number | undefined): Policy | undefined;
}

export function attachTlsPolicies(context: Context): TlsPolicies {
  const { inventory, report } = context;
  const policies = new Map<string, Policy>();
  for (const policy of sortByName(inventory.all("BackendTLSPolicy"))) {
    for (const [index, { group, kind, name, sectionName }] of policy.value.spec.targetRefs.entries()) {
      const path = ["spec", "targetRefs", index];
      if (group !== groups.envoy || kind !== "Backend") {
        const message = `must reference a Backend of ${groups.envoy}, not ${kind} of ${JSON.stringify(group)}`;
        report.error(originOf(policy, path), "wrong-target", message);
        continue;
      }
      const found = inventory.find("Backend", policy.id.namespace, name);
      if (found.type === "missing") {
        const message = `references Backend ${JSON.stringify(name)}, which is not in the configuration`;
        report.error(originOf(policy, [...path, "name"]), "missing-target", message);
      }
      const key = `${policy.id.namespace}/${name}/${sectionName ?? ""}`;
      const rival = policies.get(key);
      if (rival === undefined) policies.set(key, policy);
      else sayConflict(context, policy, rival, path, `Backend ${policy.id.namespace}/${name}`);
    }
  }
  return {
    find({ id: { namespace, name } }, port) {
      return policies.get(`${namespace}/${name}/${port ?? "-"}`) ?? policies.get(`${namespace}/${name}/`);
    },
  };
}

interface Place {
  readonly backend: Resource<"Backend">;
  /** Name or address of the endpoint. */
  readonly host: string;
  readonly hostname: string | undefined;
}

/** How an endpoint is spoken to over TLS: the policy's words before the Backend's own; `undefined` is plaintext. */
export function compileTls(
  context: Context,
  place: Place,
  policy: Policy | undefined,
): UpstreamTls | undefined {
  const { backend, host, hostname } = place;
  const own = backend.value.spec.tls;
  if (own === undefined && policy === undefined) return undefined;
  const trust = compileTrust(context, backend, policy);
  if (trust === undefined) {
    const message =
      "has no CA certificates: set wellKnownCACertificates: System, caCertificateRefs or a BackendTLSPolicy";
    context.report.error(originOf(backend, ["spec", "tls"]), "tls-without-ca", message);
    return undefined;
  }
  const name = policy?.value.spec.validation.hostname ?? own?.sni ?? hostname ?? host;
  const names = subjectNames(policy?.value.spec.validation);
  if (isIP(withoutZone(name)) === 0) return { trust, names, serverName: name };
  return { trust, names: names.length > 0 ? names : [{ type: "ip", value: name }] };
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, "");
}

function subjectNames(validation: Validation | undefined): { type: "dns" | "uri"; value: string }[] {
  return (validation?.subjectAltNames ?? []).map(({ type, hostname, uri }) =>
    type === "Hostname" ? { type: "dns", value: hostname ?? "" } : { type: "uri", value: uri ?? "" },
  );
}

function compileTrust(
  context: Context,
  backend: Resource<"Backend">,
  policy: Policy | undefined,
): UpstreamTls["trust"] | undefined {
  const validation = policy?.value.spec.validation;
  if (policy !== undefined && validation !== undefined) {
    if (validation.wellKnownCACertificates === "System") return "system";
    return {
      ca: caRefs(context, policy, ["spec", "validation", "caCertificateRefs"], validation.caCertificateRefs),
    };
  }
  const own = backend.value.spec.tls;
  if (own?.insecureSkipVerify === true) return "insecure";
  if (own?.wellKnownCACertificates === "System") return "system";
  if (own === undefined || own.caCertificateRefs.length === 0) return undefined;
  return { ca: caRefs(context, backend, ["spec", "tls", "caCertificateRefs"], own.caCertificateRefs) };
}

export function caRefs(
  context: Context,
  holder: Resource,
  path: Path,
  refs: Validation["caCertificateRefs"],
): SecretRef[] {
  const result: SecretRef[] = [];
  for (const [index, { group, kind, name }] of refs.entries()) {
    const at = [...path, index];
    if (group !== "" || (kind !== "ConfigMap" && kind !== "Secret")) {
      context.report.error(
        originOf(holder, at),
        "wrong-reference",
        `must reference a ConfigMap or Secret, not ${kind}`,
      );
      continue;
    }
    const found = context.inventory.find(kind, holder.id.namespace, name);
    if (found.type === "missing") {
      const message = `references ${kind} "${holder.id.namespace}/${name}", which is not in the configuration`;
      context.report.error(originOf(holder, [...at, "name"]), "missing-reference", message);
    }
    if (found.type !== "found") continue;
    const entry = caEntry(context, found.resource);
    if (entry !== undefined) {
      const source = context.origins.at(found.resource, entry.path);
      result.push(refer(entry, found.resource, source, context.secrets, false));
    }
  }
  return result;
}

/** `ca.crt`, else `tls.crt`, else the only entry. */
function caEntry({ entries, report }: Context, holder: Resource): Entry | undefined {
  const own = entries.get(holder);
  const only = own?.size === 1 ? [...own.values()][0] : undefined;
  const entry = own?.get("ca.crt") ?? own?.get("tls.crt") ?? only;
  if (entry === undefined) {
    report.error(originOf(holder, ["data"]), "missing-key", "does not contain ca.crt");
  } else if (!entry.value.includes("-----BEGIN CERTIFICATE-----")) {
    report.error(originOf(holder, entry.path), "no-certificate", "holds no PEM certificate");
    return undefined;
  }
  return entry;
}
