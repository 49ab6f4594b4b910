import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ServerTls, TlsVersion } from "../../model/listener.ts";
import type { Path } from "../diagnostics.ts";
import { isGranted } from "../grants.ts";
import { originOf, type Resource } from "../resource.ts";
import { type Entry, refer } from "../secrets.ts";
import type { Context } from "./context.ts";
import type { ListenerDraft } from "./listeners.ts";
import { caRefs } from "./tls.ts";

type Policy = Resource<"ClientTrafficPolicy">;
type Certificate = ServerTls["certificates"][number];

/** How clients of an HTTPS listener are met; `undefined` after a complaint. */
export function compileServerTls(
  context: Context,
  { gateway, index, hostname }: ListenerDraft,
  policy: Policy | undefined,
): ServerTls | undefined {
  const path = ["spec", "listeners", index, "tls"];
  const refs = gateway.value.spec.listeners[index]?.tls?.certificateRefs ?? [];
  if (refs.length === 0) {
    const message = "an HTTPS listener needs certificateRefs";
    context.report.error(originOf(gateway, path), "no-certificate", message);
    return undefined;
  }
  const certificates = refs.flatMap(
    (_, position) =>
      readCertificate(context, gateway, [...path, "certificateRefs", position], refs[position]) ?? [],
  );
  if (certificates.length === 0) return undefined;
  const { minVersion = "1.2", maxVersion = "1.3", clientValidation } = policy?.value.spec.tls ?? {};
  const client = policy && clientValidation && compileClient(context, policy, clientValidation);
  return {
    at: context.origins.at(gateway, path),
    ...(hostname === "*" ? {} : { serverName: hostname }),
    certificates,
    minVersion: versionOf(minVersion, "1.2"),
    maxVersion: versionOf(maxVersion, "1.3"),
    ...(client && { client }),
  };
}

function versionOf(written: TlsVersion | "Auto", usual: TlsVersion): TlsVersion {
  return written === "Auto" ? usual : written;
}

function compileClient(
  context: Context,
  policy: Policy,
  written: NonNullable<NonNullable<Policy["value"]["spec"]["tls"]>["clientValidation"]>,
): ServerTls["client"] {
  const path = ["spec", "tls", "clientValidation"];
  if (written.caCertificateRefs.length === 0) {
    const message = "needs caCertificateRefs: without authorities any certificate would do";
    context.report.error(originOf(policy, path), "no-authorities", message);
  }
  const authorities = caRefs(context, policy, [...path, "caCertificateRefs"], written.caCertificateRefs);
  return { authorities, isOptional: written.optional };
}

function readCertificate(
  context: Context,
  gateway: Resource<"Gateway">,
  path: Path,
  ref: { group: string; kind: string; name: string; namespace?: string | undefined } | undefined,
): Certificate | undefined {
  const { inventory, report, entries } = context;
  if (ref === undefined) return undefined;
  if (ref.group !== "" || ref.kind !== "Secret") {
    report.error(
      originOf(gateway, [...path, "kind"]),
      "wrong-reference",
      `must reference a Secret, not ${ref.kind}`,
    );
    return undefined;
  }
  const namespace = ref.namespace ?? gateway.id.namespace;
  const found = inventory.find("Secret", namespace, ref.name);
  if (found.type === "missing") {
    const message = `references Secret "${namespace}/${ref.name}", which is not in the configuration`;
    report.error(originOf(gateway, [...path, "name"]), "missing-reference", message);
  }
  if (found.type !== "found") return undefined;
  if (!isGranted(inventory, gateway.id, found.resource.id, true)) {
    const message = `reference to Secret ${namespace}/${ref.name} is not permitted by any ReferenceGrant`;
    report.error(originOf(gateway, path), "not-granted", message);
    return undefined;
  }
  const held = entries.get(found.resource);
  const [chain, key] = [held?.get("tls.crt"), held?.get("tls.key")];
  if (chain === undefined || key === undefined) {
    const message = `secret ${namespace}/${ref.name} does not contain 'tls.crt' and 'tls.key'`;
    report.error(originOf(gateway, path), "missing-key", message);
    return undefined;
  }
  return checkPair(context, found.resource, chain, key);
}

/** That the two belong together shows now, not when the first client comes. */
function checkPair(context: Context, holder: Resource, chain: Entry, key: Entry): Certificate | undefined {
  const { report, origins, secrets } = context;
  try {
    if (!new X509Certificate(chain.value).checkPrivateKey(createPrivateKey(key.value))) {
      report.error(originOf(holder, key.path), "wrong-key", "is not the key of the certificate in tls.crt");
      return undefined;
    }
  } catch {
    report.error(
      originOf(holder, chain.path),
      "no-certificate",
      "tls.crt and tls.key must be PEM, a certificate and its key",
    );
    return undefined;
  }
  return {
    chain: refer(chain, holder, origins.at(holder, chain.path), secrets, false),
    key: refer(key, holder, origins.at(holder, key.path), secrets, false),
  };
}
