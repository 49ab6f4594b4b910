import type { LimitSelector, RateLimit } from "../../../model/traffic.ts";
import type { MetadataKey, NamedMatch, TextMatch } from "../../../model/values.ts";
import { parseCidr } from "../../../policy/cidr.ts";
import { compileTextMatch } from "../../../policy/text-match.ts";
import type { Path } from "../../diagnostics.ts";
import type {
  CostSpecifier,
  limitUnits,
  RateLimitRule,
  SelectCondition,
} from "../../resources/envoy-gateway/traffic/rate-limit.ts";
import type { Context } from "../context.ts";
import { printOf } from "../print.ts";
import type { TrafficPolicy } from "./traffic-policy.ts";

const secondMs = 1000;
const dayMs = 86_400 * secondMs;
const unitMs: { readonly [unit in (typeof limitUnits)[number]]: number } = {
  Second: secondMs,
  Minute: 60 * secondMs,
  Hour: 3600 * secondMs,
  Day: dayMs,
  Week: 7 * dayMs,
  Month: 30 * dayMs,
  Year: 365 * dayMs,
};

/** Where costs that AIGatewayRoutes count are found. */
export const costNamespace = "io.envoy.ai_gateway";

/** What is known of costs when limits are compiled: which keys somebody writes for the rule. */
export interface LimitSite {
  /** Identity of the rule, for counts of its own. */
  readonly rule: string;
  readonly costKeys: ReadonlySet<string>;
}

/** The limits that a policy puts on one rule, local ones first. */
export function compileLimits(
  context: Context,
  policy: TrafficPolicy | undefined,
  site: LimitSite,
): RateLimit[] {
  const limit = policy?.spec.rateLimit;
  if (policy === undefined || limit === undefined) return [];
  const local = (limit.local?.rules ?? []).map((rule, index) =>
    compileLimit(context, policy, ["rateLimit", "local", "rules", index], rule, site, "bucket", false),
  );
  const isShared = limit.global?.shared ?? false;
  const global = (limit.global?.rules ?? []).map((rule, index) =>
    compileLimit(context, policy, ["rateLimit", "global", "rules", index], rule, site, "window", isShared),
  );
  return [...local, ...global];
}

function compileLimit(
  context: Context,
  policy: TrafficPolicy,
  path: Path,
  rule: RateLimitRule,
  { rule: ruleKey, costKeys }: LimitSite,
  algorithm: RateLimit["algorithm"],
  isShared: boolean,
): RateLimit {
  const { namespace, name } = policy.source(path).id;
  const type = algorithm === "bucket" ? "local" : "global";
  const own = `${namespace}/${name}/${type}/${rule.name ?? path.at(-1)}`;
  const isOne = algorithm === "window" && (rule.shared ?? isShared);
  const { request, response } = rule.cost ?? {};
  const content = {
    algorithm,
    amount: rule.limit.requests,
    unitMs: unitMs[rule.limit.unit],
    isShadow: rule.shadowMode ?? false,
    ...(algorithm === "bucket" && (rule.clientSelectors ?? []).length === 0 ? { isFallback: true } : {}),
    selectors: (rule.clientSelectors ?? []).map((selector, index) =>
      compileSelector(context, policy, [...path, "clientSelectors", index], selector),
    ),
    requestCost: request === undefined ? 1 : costOf(request),
    ...(response === undefined ? {} : { answerCost: costOf(response) }),
  };
  for (const [side, cost] of [
    ["request", request],
    ["response", response],
  ] as const)
    sayUnwritten(context, policy, [...path, "cost", side], cost, side, costKeys);
  const key = isOne ? own : `${own}@${ruleKey}`;
  return { key, print: printOf({ of: key, ...content }), at: policy.at(path), ...content };
}

function costOf({ number, metadata }: CostSpecifier): number | MetadataKey {
  return number ?? metadata ?? 0;
}

/** A limit on what nobody counts would never be reached. */
function sayUnwritten(
  { report }: Context,
  policy: TrafficPolicy,
  path: Path,
  cost: CostSpecifier | undefined,
  side: "request" | "response",
  costKeys: ReadonlySet<string>,
): void {
  const metadata = cost?.metadata;
  if (metadata === undefined) return;
  const { namespace, key } = metadata;
  const origin = policy.origin([...path, "metadata"]);
  if (side === "request") {
    const message = "costs are known only when an answer is there: a request counts 1";
    report.warning(origin, "cost-too-early", message, {
      mend: "write it under cost.response, and cost.request: {from: Number, number: 0}",
    });
  } else if (namespace !== costNamespace) {
    const message = `nothing writes metadata of namespace ${JSON.stringify(namespace)}: the limit is never reached`;
    report.warning(origin, "cost-unwritten", message, {
      mend: `costs of AIGatewayRoutes are in ${costNamespace}`,
    });
  } else if (!costKeys.has(key)) {
    const message = `no llmRequestCosts writes ${JSON.stringify(key)} for this route: the limit is never reached`;
    report.warning(origin, "cost-unwritten", message, {
      mend: `add metadataKey: ${key} to the AIGatewayRoute's llmRequestCosts`,
    });
  }
}

export function compileSelector(
  context: Context,
  policy: Pick<TrafficPolicy, "origin">,
  path: Path,
  { headers = [], methods = [], path: where, sourceCIDR, queryParams = [] }: SelectCondition,
): LimitSelector {
  const check = (match: TextMatch, at: Path) => checkRegex(context, policy, at, match);
  const named = (list: typeof headers | typeof queryParams, field: string, isHeader: boolean): NamedMatch[] =>
    list.flatMap(({ type, name, value = "", invert }, index) => {
      if (type === "Distinct") return [];
      const match: TextMatch =
        type === "Exact" ? { type: "exact", value } : { type: "regex", pattern: value };
      check(match, [...path, field, index, "value"]);
      return [
        { name: isHeader ? name.toLowerCase() : name, value: match, ...(invert ? { isInverted: true } : {}) },
      ];
    });
  const distinct = (list: typeof headers | typeof queryParams) =>
    list.filter(({ type }) => type === "Distinct").map(({ name }) => name);
  if (sourceCIDR !== undefined && parseCidr(sourceCIDR.value) === undefined) {
    const message = `${JSON.stringify(sourceCIDR.value)} must be an address and a prefix length, such as 10.0.0.0/8`;
    context.report.error(policy.origin([...path, "sourceCIDR", "value"]), "invalid-cidr", message);
  }
  return {
    headers: named(headers, "headers", true),
    distinctHeaders: distinct(headers).map((name) => name.toLowerCase()),
    ...(sourceCIDR === undefined ? {} : { cidr: sourceCIDR.value }),
    isCidrDistinct: sourceCIDR?.type === "Distinct",
    methods: methods.map(({ value, invert }) => ({ value: value.toUpperCase(), isInverted: invert })),
    ...(where === undefined
      ? {}
      : { path: compilePath(where, (match) => check(match, [...path, "path", "value"])) }),
    query: named(queryParams, "queryParams", false),
    distinctQuery: distinct(queryParams),
  };
}

function compilePath(
  { type, value, invert }: NonNullable<SelectCondition["path"]>,
  check: (match: TextMatch) => void,
): NonNullable<LimitSelector["path"]> {
  if (type === "Exact") return { match: { type: "exact", value }, isInverted: invert };
  if (type === "PathPrefix") return { match: { type: "prefix", value }, isInverted: invert };
  const match: TextMatch = { type: "regex", pattern: value };
  check(match);
  return { match, isInverted: invert };
}

function checkRegex(
  { report }: Context,
  policy: Pick<TrafficPolicy, "origin">,
  path: Path,
  match: TextMatch,
): void {
  try {
    compileTextMatch(match);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report.error(policy.origin(path), "invalid-regex", `invalid regular expression: ${reason}`);
  }
}
