import type { LocalAnswer } from "../../endpoints/index.ts";
import { findOverride, overridingAnswer } from "../../policy/overrides.ts";
import type { RuleTraffic } from "../traffic/guard.ts";
import { overrideLocal } from "../traffic/override.ts";

/** What a rule has instead of an answer, its upstream's or the gateway's; mostly that is the answer itself. */
export async function overrideAnswer(
  traffic: RuleTraffic,
  answer: Response | LocalAnswer,
  url: string,
): Promise<Response | LocalAnswer> {
  if (!(answer instanceof Response)) return overrideLocal(traffic, answer, url);
  const { status, headers } = answer;
  const override = findOverride(traffic.overrides, { status, headers, isLocal: false });
  if (override === undefined) return answer;
  const instead = overridingAnswer(override, url);
  if (instead.body !== undefined) {
    await answer.body?.cancel();
    return { status: instead.status ?? status, headers: instead.headers, body: instead.body };
  }
  const changed = new Headers(headers);
  for (const [name, value] of instead.headers) changed.set(name, value);
  return new Response(answer.body, { status: instead.status ?? status, headers: changed });
}
