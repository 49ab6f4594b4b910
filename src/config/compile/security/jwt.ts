import type { JwtKeys, JwtPolicy, JwtProvider, Place } from "../../../model/access.ts";
import type { Backend } from "../../../model/backend.ts";
import type { Path } from "../../diagnostics.ts";
import { originOf, type Resource } from "../../resource.ts";
import { parseDurationMs } from "../../units.ts";
import type { Context } from "../context.ts";
import { type Backends, findBackend, findEntries, type Policy } from "./references.ts";

type Jwt = NonNullable<Policy["value"]["spec"]["jwt"]>;
type Provider = Jwt["providers"][number];

const fieldPath = ["spec", "jwt"];

/** `used`: takes the Backends that keys are fetched through. */
export function compileJwt(
  context: Context,
  backends: Backends,
  policy: Policy,
  { providers, optional, failOpen }: Jwt,
  used: Backend[],
): JwtPolicy {
  const names = new Set<string>();
  for (const [index, { name }] of providers.entries()) {
    const origin = originOf(policy, [...fieldPath, "providers", index, "name"]);
    if (names.has(name)) context.report.error(origin, "same-provider", `provider ${name} is there twice`);
    names.add(name);
  }
  if (failOpen) {
    const message = "requests with wrong tokens are let in, without their claims";
    context.report.warning(originOf(policy, [...fieldPath, "failOpen"]), "fail-open", message);
  }
  return {
    at: context.origins.at(policy, fieldPath),
    providers: providers.flatMap(
      (provider, index) => compileProvider(context, backends, policy, provider, index, used) ?? [],
    ),
    isOptional: optional,
    isFailOpen: failOpen,
  };
}

function compileProvider(
  context: Context,
  backends: Backends,
  policy: Policy,
  provider: Provider,
  index: number,
  used: Backend[],
): JwtProvider | undefined {
  const path = [...fieldPath, "providers", index];
  const keys = compileKeys(context, backends, policy, path, provider, used);
  if (keys === undefined) return undefined;
  const { name, issuer, audiences, claimToHeaders } = provider;
  if (audiences.length === 0) {
    const message = "has no audiences: tokens that its issuer made for other services are accepted, too";
    context.report.warning(originOf(policy, path), "no-audience", message, { mend: "write audiences" });
  }
  return {
    at: context.origins.at(policy, path),
    name,
    ...(issuer === undefined || issuer === "" ? {} : { issuer }),
    audiences,
    keys,
    from: placesOf(provider),
    claimHeaders: claimToHeaders.map(({ claim, header }) => ({ claim, header: header.toLowerCase() })),
  };
}

function placesOf({ extractFrom }: Provider): Place[] {
  if (extractFrom === undefined) {
    return [
      { type: "header", name: "authorization", prefix: "Bearer " },
      { type: "query", name: "access_token" },
    ];
  }
  const { headers, params, cookies } = extractFrom;
  return [
    ...headers.map(({ name, valuePrefix }) => ({
      type: "header" as const,
      name: name.toLowerCase(),
      ...(valuePrefix === undefined ? {} : { prefix: valuePrefix }),
    })),
    ...params.map((name) => ({ type: "query" as const, name })),
    ...cookies.map((name) => ({ type: "cookie" as const, name })),
  ];
}

function compileKeys(
  context: Context,
  backends: Backends,
  policy: Policy,
  path: Path,
  { localJWKS: local, remoteJWKS: remote }: Provider,
  used: Backend[],
): JwtKeys | undefined {
  if (local?.inline !== undefined) {
    return readKeySet(context, policy, [...path, "localJWKS", "inline"], local.inline);
  }
  if (local?.valueRef !== undefined) {
    const at = [...path, "localJWKS", "valueRef"];
    const found = findEntries(context, policy, at, local.valueRef, ["ConfigMap", "Secret"]);
    if (found === undefined) return undefined;
    const { holder, entries } = found;
    const entry = entries.get("jwks") ?? (entries.size === 1 ? [...entries.values()][0] : undefined);
    if (entry !== undefined) return readKeySet(context, holder, entry.path, entry.value);
    const message = `${holder.kind} ${holder.id.namespace}/${holder.id.name} does not contain 'jwks' key`;
    context.report.error(originOf(policy, at), "missing-key", message);
    return undefined;
  }
  if (remote === undefined) return undefined;
  const keys = { type: "remote", uri: remote.uri, cacheMs: parseDurationMs(remote.cacheDuration) } as const;
  if (remote.uri.startsWith("http:") && !/^http:\/\/(localhost|127\.|\[::1\])/.test(remote.uri)) {
    const message = "keys are fetched without TLS: whoever is in between can make tokens";
    context.report.warning(originOf(policy, [...path, "remoteJWKS", "uri"]), "plain-keys", message);
  }
  const [ref] = remote.backendRefs;
  if (ref === undefined) return keys;
  const backend = findBackend(context, backends, policy, [...path, "remoteJWKS", "backendRefs", 0], ref);
  if (backend === undefined) return undefined;
  used.push(backend);
  return { ...keys, backend: backend.key };
}

/** Keys are public, so they stand in the model as they are. */
function readKeySet({ report }: Context, holder: Resource, path: Path, jwks: string): JwtKeys | undefined {
  const problem = problemOf(jwks);
  if (problem === undefined) return { type: "inline", jwks };
  report.error(originOf(holder, path), "no-key-set", problem, {
    mend: 'write {"keys": […]} with public keys',
  });
  return undefined;
}

function problemOf(jwks: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(jwks);
  } catch {
    return "is not JSON";
  }
  if (typeof value !== "object" || value === null || !("keys" in value) || !Array.isArray(value.keys)) {
    return 'is no JSON Web Key Set, which has a list "keys"';
  }
  const keys = value.keys as readonly unknown[];
  const isPublic = (key: unknown) =>
    typeof key === "object" && key !== null && "kty" in key && key.kty !== "oct" && !("d" in key);
  return keys.some(isPublic) ? undefined : "holds no public key";
}
