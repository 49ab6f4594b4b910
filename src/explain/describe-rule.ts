import type { Cost } from "../model/ai.ts";
import type { GatewayModel } from "../model/gateway.ts";
import type { Forward, HostRewrite, PathRewrite, Redirect, Rule } from "../model/route.ts";
import type { RateLimit, UpstreamPolicy } from "../model/traffic.ts";
import type { HeaderEdits } from "../model/values.ts";
import { type Facts, writeBytes, writeMs } from "./fact.ts";

/** What a rule does, but for its backends. */
export function describeRule(facts: Facts, rule: Rule, model: GatewayModel): void {
  sayEdits(facts, "request headers", rule.requestHeaders, rule.at);
  if (rule.action.type === "forward") describeForward(facts, rule, rule.action);
  sayEdits(facts, "answer headers", rule.responseHeaders, rule.at);
  for (const key of rule.limits ?? []) {
    const limit = model.limits[key];
    if (limit !== undefined) facts.say("limit", describeLimit(limit), limit.at);
  }
  for (const cost of costsOf(rule, model)) facts.say("cost", describeCost(cost), cost.at);
  const { fault, overrides = [], compression = [], maxBufferedBytes } = rule;
  if (fault !== undefined) facts.say("fault", describeFault(fault), fault.at);
  for (const { answer, at } of overrides)
    facts.say("override", `answers are replaced: ${answer.type} ${answer.status ?? ""}`.trim(), at);
  if (compression.length > 0) facts.say("compression", compression.join(", "), rule.at);
  if (maxBufferedBytes !== undefined) facts.say("body", `at most ${writeBytes(maxBufferedBytes)}`, rule.at);
}

function describeForward(facts: Facts, rule: Rule, action: Forward): void {
  const { timeouts, retry, path, host, upstream, mirrors = [] } = action;
  if (path !== undefined) facts.say("path", describePath(path), rule.at);
  if (!action.isAi) facts.say("host", describeHost(host), host.type === "keep" ? undefined : rule.at);
  const limits = [
    `whole ${writeMs(timeouts.requestMs)}`,
    ...(timeouts.perTryMs === undefined ? [] : [`a try ${writeMs(timeouts.perTryMs)}`]),
    ...(timeouts.perTryIdleMs === undefined ? [] : [`silence of a try ${writeMs(timeouts.perTryIdleMs)}`]),
    ...(timeouts.streamIdleMs === undefined ? [] : [`silence ${writeMs(timeouts.streamIdleMs)}`]),
    `connect ${writeMs(timeouts.connectMs)}`,
  ];
  facts.say("timeouts", limits.join(", "), rule.why?.["timeouts"]);
  if (retry === undefined) facts.say("retry", "none");
  else {
    const { retries, triggers, statuses, attemptsPerPriority } = retry;
    const statusWords = statuses.length === 0 ? "" : `; statuses ${statuses.join(", ")}`;
    const turns = attemptsPerPriority === undefined ? "" : `; next priority after ${attemptsPerPriority}`;
    facts.say("retry", `${retries} times on ${triggers.join(", ")}${statusWords}${turns}`, retry.at);
  }
  if (upstream !== undefined) facts.say("upstream", describeUpstream(upstream), upstream.at);
  for (const { backend, percent, at } of mirrors) facts.say("mirror", `${percent} % to ${backend}`, at);
}

function describeUpstream({ balance, breaker, activeHealth, outlier, panicPercent }: UpstreamPolicy): string {
  const words = [
    ...(balance === undefined ? [] : [`balance ${balance.type}`]),
    ...(breaker === undefined ? [] : [`at most ${breaker.requests} requests and ${breaker.pending} waiting`]),
    ...(activeHealth === undefined
      ? []
      : [`${activeHealth.check.type} check every ${writeMs(activeHealth.intervalMs)}`]),
    ...(outlier === undefined
      ? []
      : [`left alone for ${writeMs(outlier.ejectionMs)} after ${outlier.consecutive5xx} failures`]),
    ...(panicPercent === undefined ? [] : [`health ignored below ${panicPercent} %`]),
  ];
  return words.length === 0 ? "connections and DNS" : words.join(", ");
}

export function describeRedirect({ status, scheme, host, port, path }: Redirect): string {
  const words = [
    ...(scheme === undefined ? [] : [`scheme ${scheme}`]),
    ...(host === undefined ? [] : [`host ${host}`]),
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(path === undefined ? [] : [describePath(path)]),
  ];
  return `${status}${words.length === 0 ? "" : `: ${words.join(", ")}`}`;
}

function describePath(path: PathRewrite): string {
  if (path.type === "full") return `becomes ${path.value}`;
  if (path.type === "regex") return `${path.pattern} becomes ${path.replacement}`;
  return `${path.from || "/"} becomes ${path.to || "/"}`;
}

function describeHost(host: HostRewrite): string {
  switch (host.type) {
    case "keep":
      return "the client's";
    case "backend":
      return "the backend's own";
    case "literal":
      return host.value;
    case "header":
      return `from header ${host.name}`;
    case "regex":
      return `from the path, ${host.pattern} becomes ${host.replacement}`;
  }
}

/** Names only: what a header is set to is as likely a key as not. */
export function sayEdits(facts: Facts, name: string, edits: HeaderEdits | undefined, at: number): void {
  if (edits === undefined) return;
  const words = [
    ...edits.remove.map((header) => `-${header}`),
    ...edits.set.map(([header]) => `=${header}`),
    ...edits.add.map(([header]) => `+${header}`),
  ];
  if (words.length > 0) facts.say(name, words.join(" "), at);
}

function describeLimit({ amount, unitMs, algorithm, selectors, isShadow }: RateLimit): string {
  const whom =
    selectors.length === 0 ? "" : `, ${selectors.length} selector${selectors.length === 1 ? "" : "s"}`;
  return `${amount} per ${writeMs(unitMs)} (${algorithm})${whom}${isShadow ? ", counts only" : ""}`;
}

function costsOf({ route }: Rule, { costs }: GatewayModel): readonly Cost[] {
  if (route.kind !== "AIGatewayRoute") return [];
  const own = costs.byRoute[`${route.namespace}/${route.name}`] ?? [];
  const taken = new Set(own.map(({ metadataKey }) => metadataKey));
  return [...own, ...costs.global.filter(({ metadataKey }) => !taken.has(metadataKey))];
}

function describeCost({ metadataKey, amount }: Cost): string {
  return `${metadataKey} = ${typeof amount === "string" ? `${amount} tokens` : amount.source}`;
}

function describeFault({ delay, abort }: NonNullable<Rule["fault"]>): string {
  const words = [
    ...(delay === undefined ? [] : [`${delay.percent} % wait ${writeMs(delay.ms)}`]),
    ...(abort === undefined ? [] : [`${abort.percent} % answer ${abort.status}`]),
  ];
  return words.join(", ");
}
