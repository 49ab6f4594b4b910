import type { LocalAnswer } from "../../endpoints/index.ts";
import { findOverride, type OverridingAnswer, overridingAnswer } from "../../policy/overrides.ts";
import type { RuleTraffic } from "./guard.ts";

/** An answer of the gateway's own, or what a rule has instead of it. `url`: of the request. */
export function overrideLocal(
  traffic: RuleTraffic | undefined,
  answer: LocalAnswer,
  url: string,
): LocalAnswer {
  if (traffic === undefined || traffic.overrides.length === 0) return answer;
  const headers = new Headers(answer.headers.map(([name, value]): [string, string] => [name, value]));
  const override = findOverride(traffic.overrides, { status: answer.status, headers, isLocal: true });
  return override === undefined ? answer : replaceLocal(answer, overridingAnswer(override, url));
}

function replaceLocal(answer: LocalAnswer, { status, headers, body }: OverridingAnswer): LocalAnswer {
  const names = new Set(headers.map(([name]) => name));
  const kept = answer.headers.filter(([name]) => !names.has(name));
  return {
    ...answer,
    status: status ?? answer.status,
    headers: [...kept, ...headers],
    body: body ?? answer.body,
  };
}
