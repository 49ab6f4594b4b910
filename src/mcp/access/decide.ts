import type { McpClaim, McpPolicy, McpRule, McpTarget } from "../../model/mcp.ts";
import { readClaim } from "../../policy/access/claims.ts";
import { type CelVariable, compileCondition } from "../../policy/cel.ts";
import { compileTextMatch } from "../../policy/text-match.ts";
import type { Caller, Operation } from "./access.ts";
import { describeRequest } from "./cel-request.ts";

/** What the first rule that fits says; `scopes`: what a token would need so that it says otherwise. */
export type Verdict = { readonly isAllowed: boolean; readonly scopes?: readonly string[] };

export type Judge = (operation: Operation, caller: Caller, request: Request) => Verdict;

/** `unknown`: it cannot be said yet, since a list is filtered and the condition asks about a call. */
type Outcome = "fits" | "fails" | "unknown";

interface PreparedRule {
  readonly rule: McpRule;
  targets(operation: Operation): boolean;
  condition(variables: () => CelVariable, operation: Operation): Outcome;
  claims(caller: Caller): boolean;
}

/**
 * Makes the rules of one policy ready: in order, the first that fits decides, else the default.
 *
 * A condition that fails to run does not allow, and does deny. In lists, what only a call can tell is shown.
 */
export function prepareJudge({ rules, isAllowedByDefault }: McpPolicy): Judge {
  const prepared = rules.map(prepareRule);
  return (operation, caller, request) => {
    let built: CelVariable | undefined;
    const variables = () => {
      built ??= describeRequest(operation, caller, request);
      return built;
    };
    let missing: readonly string[] | undefined;
    for (const { rule, targets, condition, claims } of prepared) {
      if (!targets(operation)) continue;
      const outcome = condition(variables, operation);
      if (outcome === "fails" || !claims(caller)) continue;
      if (outcome === "unknown") {
        if (rule.isAllow) return { isAllowed: true };
        continue;
      }
      if (rule.scopes.every((scope) => caller.scopes.includes(scope))) return { isAllowed: rule.isAllow };
      const isLess = missing === undefined || rule.scopes.length < missing.length;
      if (rule.isAllow && isLess) missing = rule.scopes;
    }
    if (isAllowedByDefault) return { isAllowed: true };
    return missing === undefined ? { isAllowed: false } : { isAllowed: false, scopes: missing };
  };
}

function prepareRule(rule: McpRule): PreparedRule {
  const targets = rule.targets.map(prepareTarget);
  const { cel } = rule;
  const run = cel === undefined ? undefined : compileCondition(cel.source);
  const asksParams = cel !== undefined && /\bparams\b/.test(cel.source);
  return {
    rule,
    targets: (operation) => targets.length === 0 || targets.some((fits) => fits(operation)),
    condition(variables, { params }) {
      if (run === undefined) return "fits";
      if (asksParams && params === undefined) return "unknown";
      const result = run({ request: variables() });
      if (result === "failed") return rule.isAllow ? "fails" : "fits";
      return result ? "fits" : "fails";
    },
    claims: ({ claims }) =>
      rule.claims.every((claim) => fitsClaim(readClaim(claims, claim.path.join(".")), claim)),
  };
}

function prepareTarget({ kind, backend, name }: McpTarget): (operation: Operation) => boolean {
  const fits = compileTextMatch(name);
  return (operation) => operation.kind === kind && operation.backend === backend && fits(operation.name);
}

function fitsClaim(value: unknown, { type, values }: McpClaim): boolean {
  if (typeof value === "string") return values.includes(value);
  if (type === "any" && (typeof value === "number" || typeof value === "boolean")) {
    return values.includes(String(value));
  }
  return (
    type !== "string" &&
    Array.isArray(value) &&
    value.some((item) => fitsClaim(item, { type: "string", path: [], values }))
  );
}
