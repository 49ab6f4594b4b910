import type { IrToken, IrTokenChoice } from "../ir/events.ts";
import type { Json } from "../ir/values.ts";
import { arrayOf, numberOf, objectOf, textOf } from "../wire/exact-json.ts";

/** Reads `logprobsResult`: the tokens that were chosen, each with the candidates at its place. */
export function readLogprobs(result: Json | undefined): IrTokenChoice[] | undefined {
  if (result === undefined) return undefined;
  const chosen = arrayOf(objectOf(result)?.["chosenCandidates"]) ?? [];
  const top = arrayOf(objectOf(result)?.["topCandidates"]) ?? [];
  if (chosen.length === 0) return undefined;
  return chosen.map((token, index) => {
    const candidates = arrayOf(objectOf(top[index])?.["candidates"]) ?? [];
    return { ...readToken(token), top: candidates.map(readToken) };
  });
}

function readToken(value: Json): IrToken {
  const token = objectOf(value);
  return { token: textOf(token?.["token"]) ?? "", logprob: numberOf(token?.["logProbability"]) ?? 0 };
}
