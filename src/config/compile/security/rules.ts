import type { Authorization, AuthorizationRule, Cors, ExtAuth } from "../../../model/access.ts";
import type { Backend } from "../../../model/backend.ts";
import type { TextMatch } from "../../../model/values.ts";
import { compileCidrs } from "../../../policy/access/cidrs.ts";
import { originOf } from "../../resource.ts";
import { parseDurationMs } from "../../units.ts";
import type { Context } from "../context.ts";
import { type Backends, findBackend, type Policy } from "./references.ts";

type Spec = Policy["value"]["spec"];
type Rule = NonNullable<Spec["authorization"]>["rules"][number];

export function compileAuthorization(
  context: Context,
  policy: Policy,
  { defaultAction, rules }: NonNullable<Spec["authorization"]>,
): Authorization {
  const path = ["spec", "authorization"];
  return {
    at: context.origins.at(policy, path),
    isAllowedByDefault: defaultAction === "Allow",
    rules: rules.map((rule, index) => compileRule(context, policy, rule, index)),
  };
}

function compileRule(context: Context, policy: Policy, rule: Rule, index: number): AuthorizationRule {
  const path = ["spec", "authorization", "rules", index];
  const { clientCIDRs = [], headers = [], jwt } = rule.principal ?? {};
  for (const [position, cidr] of clientCIDRs.entries()) {
    try {
      compileCidrs([cidr]);
    } catch (error) {
      const origin = originOf(policy, [...path, "principal", "clientCIDRs", position]);
      context.report.error(origin, "no-cidr", error instanceof Error ? error.message : String(error));
    }
  }
  const providers = policy.value.spec.jwt?.providers ?? [];
  if (jwt !== undefined && !providers.some(({ name }) => name === jwt.provider)) {
    const origin = originOf(policy, [...path, "principal", "jwt", "provider"]);
    const message = `names ${JSON.stringify(jwt.provider)}, which is no provider of this policy's jwt`;
    context.report.error(origin, "missing-provider", message);
  }
  return {
    at: context.origins.at(policy, path),
    isAllow: rule.action === "Allow",
    methods: rule.operation?.methods ?? [],
    cidrs: clientCIDRs,
    headers: headers.map(({ name, values }) => ({ name: name.toLowerCase(), values })),
    ...(jwt === undefined
      ? {}
      : {
          jwt: {
            provider: jwt.provider,
            scopes: jwt.scopes ?? [],
            claims: (jwt.claims ?? []).map(({ name, valueType, values }) => ({
              claim: name,
              isList: valueType === "StringArray",
              values,
            })),
          },
        }),
  };
}

export function compileCors(
  { origins, report }: Context,
  policy: Policy,
  written: NonNullable<Spec["cors"]>,
): Cors {
  const path = ["spec", "cors"];
  const { allowOrigins = [], allowMethods = [], allowHeaders = [], exposeHeaders = [], maxAge } = written;
  if (written.allowCredentials && allowOrigins.includes("*")) {
    const message = "every website may call with the credentials of whoever visits it";
    report.warning(originOf(policy, [...path, "allowCredentials"]), "cors-any-origin", message);
  }
  return {
    at: origins.at(policy, path),
    origins: allowOrigins.map(originMatch),
    methods: allowMethods,
    requestHeaders: allowHeaders,
    exposedHeaders: exposeHeaders,
    ...(maxAge === undefined ? {} : { maxAgeSeconds: Math.floor(parseDurationMs(maxAge) / 1000) }),
    hasCredentials: written.allowCredentials,
  };
}

/** `*` stands for any text. */
function originMatch(origin: string): TextMatch {
  if (!origin.includes("*")) return { type: "exact", value: origin };
  const literals = origin.split("*").map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return { type: "regex", pattern: literals.join(".*") };
}

/** `used`: takes the Backend of the service. */
export function compileExtAuth(
  context: Context,
  backends: Backends,
  policy: Policy,
  written: NonNullable<Spec["extAuth"]>,
  used: Backend[],
): ExtAuth | undefined {
  const { http } = written;
  if (http === undefined) return undefined;
  const path = ["spec", "extAuth"];
  const [first] = http.backendRefs;
  const ref = first ?? http.backendRef;
  const at = [...path, "http", ...(first === undefined ? ["backendRef"] : ["backendRefs", 0])];
  const backend = ref && findBackend(context, backends, policy, at, ref);
  if (backend === undefined) return undefined;
  used.push(backend);
  if (written.failOpen) {
    const message = "requests are let in unasked while the service cannot be reached";
    context.report.warning(originOf(policy, [...path, "failOpen"]), "fail-open", message);
  }
  return {
    at: context.origins.at(policy, path),
    backend: backend.key,
    path: http.pathOverride ?? (http.path ?? "").replace(/\/$/, ""),
    isWholePath: http.pathOverride !== undefined,
    timeoutMs: parseDurationMs(written.timeout),
    isFailOpen: written.failOpen,
    failStatus: written.statusOnError,
    requestHeaders: written.headersToExtAuth.map((name) => name.toLowerCase()),
    answerHeaders: http.headersToBackend.map((name) => name.toLowerCase()),
  };
}
