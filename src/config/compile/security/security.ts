import type { Access, AiEntry } from "../../../model/access.ts";
import type { Backend } from "../../../model/backend.ts";
import type { Key } from "../../../model/origin.ts";
import type { RouteMatch } from "../../../model/route.ts";
import { originOf, type Resource } from "../../resource.ts";
import type { Context } from "../context.ts";
import { type Attached, attachPolicies } from "../policies.ts";
import { printOf } from "../print.ts";
import { compileApiKeys, compileBasicUsers } from "./credentials.ts";
import { compileJwt } from "./jwt.ts";
import type { Backends, Policy } from "./references.ts";
import { compileAuthorization, compileCors, compileExtAuth } from "./rules.ts";

/** SecurityPolicies by what they protect. */
export interface Security {
  /** Each that is attached to something. */
  readonly all: readonly Access[];
  /** Backends that they need themselves. */
  readonly backends: readonly Backend[];
  /** Who may come in by a rule of a route at a listener; `undefined`: everybody. */
  find(
    listener: string,
    route: Parameters<Attached<"SecurityPolicy">["forRoute"]>[0],
    rule: string | undefined,
  ): Key | undefined;
  /** The same for an MCPRoute, whose own authentication replaces what is said of all routes. */
  findMcp(listener: string, route: Resource<"MCPRoute">): Key | undefined;
}

export function compileSecurity(
  context: Context,
  gateway: Resource<"Gateway">,
  backends: Backends,
): Security {
  const attached = attachPolicies(context, "SecurityPolicy", gateway);
  const used: Backend[] = [];
  const byPolicy = new Map<Policy, Access>();
  for (const policy of context.inventory.all("SecurityPolicy")) {
    byPolicy.set(policy, compileAccess(context, backends, policy, used));
  }
  return {
    all: [...byPolicy.values()],
    backends: used,
    find(listener, route, rule) {
      const policy =
        attached.forRule(route, rule) ??
        attached.forRoute(route) ??
        attached.forListener(listener) ??
        attached.forGateway();
      return policy && byPolicy.get(policy)?.key;
    },
    findMcp(listener, route) {
      const id = { ...route.id, name: `ai-eg-mcp-main-${route.id.name}` };
      const own = attached.forRoute({ id });
      const general = attached.forListener(listener) ?? attached.forGateway();
      const policy = own ?? (general && isReplaced(context, general, route) ? undefined : general);
      return policy && byPolicy.get(policy)?.key;
    },
  };
}

function isReplaced({ report }: Context, policy: Policy, route: Resource<"MCPRoute">): boolean {
  const { oauth, apiKeyAuth } = route.value.spec.securityPolicy ?? {};
  if (oauth === undefined && apiKeyAuth === undefined) return false;
  const message = `replaces SecurityPolicy ${policy.id.namespace}/${policy.id.name} for this route`;
  report.warning(originOf(route, ["spec", "securityPolicy"]), "policy-replaced", message, {
    related: [["the one without effect here", originOf(policy)]],
  });
  return true;
}

function compileAccess(context: Context, backends: Backends, policy: Policy, used: Backend[]): Access {
  const { spec } = policy.value;
  const { namespace, name } = policy.id;
  const extAuth = spec.extAuth && compileExtAuth(context, backends, policy, spec.extAuth, used);
  const apiKeys = spec.apiKeyAuth && compileApiKeys(context, policy, spec.apiKeyAuth);
  const basic = spec.basicAuth && compileBasicUsers(context, policy, spec.basicAuth);
  const jwt = spec.jwt && compileJwt(context, backends, policy, spec.jwt, used);
  const authorization = spec.authorization && compileAuthorization(context, policy, spec.authorization);
  const cors = spec.cors && compileCors(context, policy, spec.cors);
  const content = {
    ...(extAuth && { extAuth }),
    ...(apiKeys && { apiKeys }),
    ...(basic && { basic }),
    ...(jwt && { jwt }),
    ...(authorization && { authorization }),
    ...(cors && { cors }),
  };
  const { apiKeyAuth, basicAuth, oidc, csrf } = spec;
  const blocks = [spec.extAuth, apiKeyAuth, basicAuth, spec.jwt, spec.authorization, spec.cors, oidc, csrf];
  if (blocks.every((block) => block === undefined)) {
    context.report.error(
      originOf(policy, ["spec"]),
      "empty-policy",
      "protects nothing: it has no apiKeyAuth, jwt, basicAuth, extAuth, authorization or cors",
    );
  }
  const key = `${namespace}/${name}`;
  return {
    key,
    print: printOf({ id: { kind: policy.kind, key }, ...content }),
    at: context.origins.at(policy),
    ...content,
  };
}

/** Who protects the AI endpoints of a host, of which `matches` are the AI rules' in order. */
export function compileAiEntry(
  { origins, report }: Context,
  matches: readonly RouteMatch[],
): AiEntry | undefined {
  const [first, ...others] = new Set(matches.map(({ access }) => access));
  const access = first ?? others[0];
  if (access === undefined) return undefined;
  if (others.length === 0) return { access, isLate: false };
  const match = matches.find((one) => one.access === access);
  const origin = origins.list[match?.at ?? 0];
  if (origin !== undefined) {
    const message = `AI rules of one host have different SecurityPolicies, so bodies are read before it is known which one counts; the list of models is under ${access}`;
    report.warning(origin, "late-authentication", message, {
      mend: "target the Gateway, or give the rules hosts of their own",
    });
  }
  return { access, isLate: true };
}
