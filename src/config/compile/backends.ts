import { isIP } from "node:net";
import type { Backend, Endpoint } from "../../model/backend.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import { notYetSupport } from "../resources/support.ts";
import type { Context } from "./context.ts";
import { printOf } from "./print.ts";
import { attachTlsPolicies, compileTls, type TlsPolicies } from "./tls.ts";

type BackendResource = Resource<"Backend">;
type EndpointValue = BackendResource["value"]["spec"]["endpoints"][number];

/** Every Backend by resource; `undefined` for one that cannot be served, which has been said. */
export function compileBackends(context: Context): ReadonlyMap<BackendResource, Backend | undefined> {
  const policies = attachTlsPolicies(context);
  const backends = new Map<BackendResource, Backend | undefined>();
  for (const backend of context.inventory.all("Backend")) {
    backends.set(backend, compileBackend(context, backend, policies));
  }
  return backends;
}

function compileBackend(
  context: Context,
  backend: BackendResource,
  policies: TlsPolicies,
): Backend | undefined {
  const { type, endpoints } = backend.value.spec;
  const { namespace, name } = backend.id;
  if (type === "DynamicResolver") {
    const message = `type DynamicResolver ${notYetSupport.message}: requests for this Backend answer 500`;
    context.report.warning(originOf(backend, ["spec", "type"]), "unsupported-field", message);
    return undefined;
  }
  const compiled = endpoints.map((endpoint, index) =>
    compileEndpoint(context, backend, endpoint, index, policies),
  );
  const content = { id: { kind: "Backend", namespace, name }, endpoints: compiled };
  return {
    key: `${namespace}/${name}`,
    print: printOf(content),
    at: context.origins.at(backend),
    endpoints: compiled,
  };
}

function compileEndpoint(
  context: Context,
  backend: BackendResource,
  endpoint: EndpointValue,
  index: number,
  policies: TlsPolicies,
): Endpoint {
  const path = ["spec", "endpoints", index];
  const { fqdn, ip, unix, hostname } = endpoint;
  const port = fqdn?.port ?? ip?.port;
  const host = fqdn?.hostname ?? ip?.address ?? "localhost";
  checkAddress(context, backend, endpoint, path);
  const tls = compileTls(context, { backend, host, hostname }, policies.find(backend, port));
  if (port === 443 && tls === undefined && backend.value.spec.tls === undefined) {
    const message = "uses port 443 without TLS settings";
    context.report.warning(
      originOf(backend, [...path, fqdn === undefined ? "ip" : "fqdn", "port"]),
      "tls-missing",
      message,
      {
        mend: "add a BackendTLSPolicy that targets this Backend",
      },
    );
  }
  const name = hostname === undefined || hostname === fqdn?.hostname ? undefined : hostname;
  return {
    at: context.origins.at(backend, path),
    address:
      unix === undefined
        ? { type: fqdn === undefined ? "ip" : "dns", host, port: port ?? 0 }
        : { type: "unix", path: unix.path },
    ...(name === undefined ? {} : { hostname: name }),
    ...(tls === undefined ? {} : { tls }),
  };
}

const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function checkAddress(
  { report }: Context,
  backend: BackendResource,
  { fqdn, ip }: EndpointValue,
  path: Path,
): void {
  if (ip !== undefined && isIP(ip.address.replace(/%.*$/, "")) === 0) {
    const origin = originOf(backend, [...path, "ip", "address"]);
    report.error(origin, "no-address", `${JSON.stringify(ip.address)} is not an IP address`, {
      mend: "use fqdn for a name",
    });
  }
  if (fqdn === undefined) return;
  const { hostname } = fqdn;
  const origin = originOf(backend, [...path, "fqdn", "hostname"]);
  if (isIP(hostname) !== 0) {
    report.error(origin, "no-name", `hostname ${hostname} is an IP address`, {
      mend: "use ip with address and port",
    });
  } else if (!dnsName.test(hostname)) {
    report.error(origin, "no-name", `${JSON.stringify(hostname)} is not a lower-case host name`);
  } else if (/\.svc(\.cluster\.local)?$/.test(hostname)) {
    const message = `${hostname} is a Kubernetes cluster address and will probably not resolve in standalone mode`;
    report.warning(origin, "cluster-address", message);
  }
}
