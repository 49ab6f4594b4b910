import type { ValueOf } from "../kinds.ts";
import { originOf, type Resource } from "../resource.ts";
import { groups } from "../resources/common.ts";
import { controllerName } from "../resources/gateway-api/gateway-class.ts";
import type { Context } from "./context.ts";

type ProxySpec = ValueOf<"EnvoyProxy">["spec"];

/** The one Gateway and the EnvoyProxy settings in effect for it. */
export interface Setup {
  readonly gateway: Resource<"Gateway">;
  readonly proxy: ProxySettings;
}

/** Settings of the Gateway's EnvoyProxy, field by field before those of its class. */
export interface ProxySettings {
  /** The resource that sets a field, and its value; `undefined` where neither does. */
  get<F extends keyof ProxySpec>(
    field: F,
  ): { readonly resource: Resource<"EnvoyProxy">; readonly value: NonNullable<ProxySpec[F]> } | undefined;
}

/** Exactly one Gateway must be there, with a class; `file` names the configuration where there is none. */
export function chooseGateway(context: Context, file: string): Setup | undefined {
  const { inventory, report } = context;
  const [gateway, ...others] = inventory.all("Gateway");
  if (gateway === undefined) {
    if (inventory.hasFailed("Gateway")) return undefined;
    const origin = {
      resource: { group: "", kind: "", namespace: "", name: "" },
      path: "",
      file,
      document: 0,
    };
    const message = `no Gateway resource found in ${file}: exactly one Gateway is required`;
    report.error({ ...origin, line: 1, column: 1 }, "no-gateway", message);
    return undefined;
  }
  for (const other of others) {
    const message = `multiple gateways are not supported: ${gateway.id.name}`;
    report.error(originOf(other), "several-gateways", message, {
      related: [["first defined here", originOf(gateway)]],
      mend: "keep one Gateway; give it more listeners instead",
    });
  }
  const path = ["spec", "infrastructure", "parametersRef"];
  const ref = gateway.value.spec.infrastructure?.parametersRef;
  const own = ref && findProxy(context, gateway, path, ref, gateway.id.namespace);
  return { gateway, proxy: proxySettings([own, classProxy(context, gateway)]) };
}

function classProxy(context: Context, gateway: Resource<"Gateway">): Resource<"EnvoyProxy"> | undefined {
  const { inventory, report } = context;
  const name = gateway.value.spec.gatewayClassName;
  const found = inventory.find("GatewayClass", "", name);
  if (found.type === "missing") {
    const message = `references GatewayClass ${JSON.stringify(name)}, which is not in the configuration`;
    report.error(originOf(gateway, ["spec", "gatewayClassName"]), "missing-gateway-class", message, {
      mend: `add a GatewayClass ${name} with controllerName: ${controllerName}`,
    });
  }
  if (found.type !== "found") return undefined;
  const { spec } = found.resource.value;
  if (spec.controllerName !== controllerName) {
    const message = `${JSON.stringify(spec.controllerName)} is not ${controllerName}; aigw serves the Gateway all the same`;
    report.warning(originOf(found.resource, ["spec", "controllerName"]), "other-controller", message);
  }
  const ref = spec.parametersRef;
  return (
    ref && findProxy(context, found.resource, ["spec", "parametersRef"], ref, ref.namespace ?? "default")
  );
}

interface ParametersRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

function findProxy(
  { inventory, report }: Context,
  holder: Resource,
  path: readonly string[],
  { group, kind, name }: ParametersRef,
  namespace: string,
): Resource<"EnvoyProxy"> | undefined {
  if (group !== groups.envoy || kind !== "EnvoyProxy") {
    const message = `must reference an EnvoyProxy of ${groups.envoy}, not ${kind} of ${JSON.stringify(group)}`;
    report.error(originOf(holder, path), "wrong-reference", message);
    return undefined;
  }
  const found = inventory.find("EnvoyProxy", namespace, name);
  if (found.type === "missing") {
    const message = `references EnvoyProxy "${namespace}/${name}", which is not in the configuration`;
    report.error(originOf(holder, [...path, "name"]), "missing-reference", message);
  }
  return found.type === "found" ? found.resource : undefined;
}

function proxySettings(proxies: readonly (Resource<"EnvoyProxy"> | undefined)[]): ProxySettings {
  return {
    get(field) {
      for (const resource of proxies) {
        const value = resource?.value.spec[field];
        if (resource !== undefined && value !== undefined && value !== null) return { resource, value };
      }
      return undefined;
    },
  };
}
