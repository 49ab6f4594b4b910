import type { LocalAnswer } from "../../endpoints/index.ts";
import { isLocalAnswer } from "../../exchange/exchange.ts";
import type { Refusing, RuleTraffic, TrafficGuard } from "../traffic/guard.ts";
import { overrideLocal } from "../traffic/override.ts";
import type { InFlight } from "./in-flight.ts";

/** Why a request may not go on by what its rule says of limits, sizes and faults; else the verdict stays with it. */
export async function holdToRule(
  guard: TrafficGuard,
  traffic: RuleTraffic,
  inFlight: InFlight,
  refusing: Refusing,
  model: string,
  bodyBytes: number,
): Promise<LocalAnswer | undefined> {
  const { request, path, headers } = inFlight;
  const remoteAddress = () => inFlight.clientAddress();
  const facts = { method: request.method, path, headers, model, remoteAddress };
  const admission = await guard.admit(traffic, refusing, facts, bodyBytes);
  if (admission === undefined) return undefined;
  if (isLocalAnswer(admission)) return overrideLocal(traffic, admission, request.url);
  inFlight.verdict = admission;
  return undefined;
}
