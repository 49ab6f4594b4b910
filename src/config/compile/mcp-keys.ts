import type { Backend } from "../../model/backend.ts";
import type { JwtKeys } from "../../model/mcp.ts";
import type { Path } from "../diagnostics.ts";
import { originOf, type Resource } from "../resource.ts";
import { groups } from "../resources/common.ts";
import { parseDurationMs } from "../units.ts";
import type { Context } from "./context.ts";

type Route = Resource<"MCPRoute">;
type Oauth = NonNullable<NonNullable<Route["value"]["spec"]["securityPolicy"]>["oauth"]>;
type Written = NonNullable<Oauth["jwks"]>;
type Backends = ReadonlyMap<Resource<"Backend">, Backend | undefined>;

interface CompiledKeys {
  readonly keys: JwtKeys;
  readonly backend: Backend | undefined;
}

const fieldPath = ["spec", "securityPolicy", "oauth", "jwks"];

/** Where the public keys are that tokens are checked with; `undefined` after a complaint. */
export function compileKeys(
  context: Context,
  backends: Backends,
  route: Route,
  { jwks }: Oauth,
): CompiledKeys | undefined {
  if (jwks?.localJWKS !== undefined) {
    const keys = compileLocal(context, route, jwks.localJWKS);
    return keys && { keys, backend: undefined };
  }
  if (jwks?.remoteJWKS !== undefined) return compileRemote(context, backends, route, jwks.remoteJWKS);
  return { keys: { type: "discover" }, backend: undefined };
}

function compileLocal(
  context: Context,
  route: Route,
  { inline, valueRef }: NonNullable<Written["localJWKS"]>,
): JwtKeys | undefined {
  const path = [...fieldPath, "localJWKS"];
  if (inline !== undefined) return checkKeys(context, route, [...path, "inline"], inline);
  if (valueRef === undefined) return undefined;
  const { group, kind, name } = valueRef;
  const at = [...path, "valueRef"];
  const { namespace } = route.id;
  if (group !== "" || (kind !== "ConfigMap" && kind !== "Secret")) {
    const message = `must reference a ConfigMap or Secret, not ${kind}`;
    context.report.error(originOf(route, at), "wrong-reference", message);
    return undefined;
  }
  const found = context.inventory.find(kind, namespace, name);
  if (found.type === "missing") {
    const message = `references ${kind} "${namespace}/${name}", which is not in the configuration`;
    context.report.error(originOf(route, [...at, "name"]), "missing-reference", message);
  }
  if (found.type !== "found") return undefined;
  const entries = context.entries.get(found.resource);
  const entry = entries?.get("jwks") ?? (entries?.size === 1 ? [...entries.values()][0] : undefined);
  if (entry === undefined) {
    const message = `${kind.toLowerCase()} ${namespace}/${name} does not contain 'jwks' key`;
    context.report.error(originOf(route, at), "missing-key", message);
    return undefined;
  }
  return checkKeys(context, found.resource, entry.path, entry.value);
}

function checkKeys({ report }: Context, holder: Resource, path: Path, jwks: string): JwtKeys | undefined {
  if (isKeySet(jwks)) return { type: "inline", jwks };
  const message = 'is no JSON Web Key Set: {"keys": […]} is expected';
  report.error(originOf(holder, path), "no-key-set", message);
  return undefined;
}

function isKeySet(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "keys" in value && Array.isArray(value.keys);
  } catch {
    return false;
  }
}

function compileRemote(
  context: Context,
  backends: Backends,
  route: Route,
  { uri, cacheDuration, backendRefs: [ref] }: NonNullable<Written["remoteJWKS"]>,
): CompiledKeys | undefined {
  const remote = { type: "remote", uri, cacheMs: parseDurationMs(cacheDuration) } as const;
  if (ref === undefined) return { keys: remote, backend: undefined };
  const at = [...fieldPath, "remoteJWKS", "backendRefs", 0];
  const { namespace } = route.id;
  if (ref.kind !== "Backend" || ref.group !== groups.envoy || (ref.namespace ?? namespace) !== namespace) {
    const message = `must reference a Backend of ${groups.envoy} in namespace ${namespace}`;
    context.report.error(originOf(route, at), "wrong-reference", message);
    return undefined;
  }
  const found = context.inventory.find("Backend", namespace, ref.name);
  if (found.type === "missing") {
    const message = `references Backend "${namespace}/${ref.name}", which is not in the configuration`;
    context.report.error(originOf(route, [...at, "name"]), "missing-reference", message);
  }
  const backend = found.type === "found" ? backends.get(found.resource) : undefined;
  return backend && { keys: { ...remote, backend: backend.key }, backend };
}
