import { parse } from "yaml";
import type { ProcessSettings } from "../../model/gateway.ts";
import { originOf } from "../resource.ts";
import type { Context } from "./context.ts";
import type { ProxySettings } from "./gateway.ts";

const defaultLogLevel = "warn";
const drainTimeoutMs = 60_000;

/** Settings of the process as a whole, from the EnvoyProxy. */
export function compileProcess(context: Context, proxy: ProxySettings): ProcessSettings {
  const adminAddress = readAdminAddress(context, proxy);
  const envoyVersion = proxy.get("provider")?.value.host?.envoyVersion;
  return {
    logLevels: { default: defaultLogLevel, ...proxy.get("logging")?.value.level },
    drainTimeoutMs,
    ...(adminAddress === undefined ? {} : { adminAddress }),
    ...(envoyVersion === undefined ? {} : { envoyVersion }),
  };
}

/** `admin.address` of a bootstrap that is merged; all else that may stand in there is Envoy's own. */
function readAdminAddress({ report }: Context, proxy: ProxySettings): string | undefined {
  const bootstrap = proxy.get("bootstrap");
  if (bootstrap === undefined) return undefined;
  const { resource, value } = bootstrap;
  let settings: unknown;
  try {
    settings =
      value.type === "Merge"
        ? parse(value.value ?? "", { logLevel: "error", prettyErrors: false })
        : undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.error(originOf(resource, ["spec", "bootstrap", "value"]), "yaml", `is no YAML: ${reason}`);
    return undefined;
  }
  const address = member(member(member(settings, "admin"), "address"), "socket_address");
  const host = member(address, "address");
  const port = member(address, "port_value");
  const isWhole = typeof host === "string" && typeof port === "number";
  if (!isWhole || hasMore(settings, "admin") || hasMore(member(settings, "admin"), "address")) {
    const message = "spec.bootstrap other than admin.address is ignored";
    report.warning(originOf(resource, ["spec", "bootstrap"]), "bootstrap-ignored", message);
  }
  if (!isWhole) return undefined;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as { [name: string]: unknown })[name]
    : undefined;
}

function hasMore(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).some((key) => key !== name);
}
