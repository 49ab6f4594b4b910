import type { LocalAnswer, Lookup } from "../../endpoints/index.ts";
import type { Exchange } from "../../exchange/exchange.ts";
import type { Gatekeeper } from "../../policy/access/gatekeeper.ts";
import { admit, authenticate, authorize, familyOf } from "../admit.ts";
import type { InFlight } from "./in-flight.ts";
import type { PreparedEntry } from "./prepare.ts";

/**
 * Before a body is read. `undefined`: come in, or it shows when the rule is known.
 * `found`: what the path means; what is no endpoint is answered without a rule.
 */
export async function admitAtEntry(
  inFlight: InFlight,
  { gatekeeper, isLate }: PreparedEntry,
  found: Lookup,
): Promise<LocalAnswer | undefined> {
  const answered = answerPreflight(inFlight, gatekeeper);
  if (answered !== undefined) return answered;
  if (isLate && found.type === "endpoint") return undefined;
  return admit(inFlight, gatekeeper, familyOf(found));
}

/** When the rule is known: what could not be asked before. */
export async function admitToRoute(
  inFlight: InFlight,
  entry: PreparedEntry | undefined,
  gatekeeper: Gatekeeper,
  { endpoint: { family }, model }: Exchange,
): Promise<LocalAnswer | undefined> {
  const isKnown = entry?.isLate === false && entry.gatekeeper === gatekeeper;
  if (!isKnown) {
    inFlight.cors = gatekeeper.cors?.answer(inFlight.headers);
    const refused = await authenticate(inFlight, gatekeeper, family);
    if (refused !== undefined) return refused;
  } else if (!gatekeeper.isModelAsked) return undefined;
  return authorize(inFlight, gatekeeper, family, model);
}

/** A rule of plain HTTP. */
export async function admitToPlain(
  inFlight: InFlight,
  gatekeeper: Gatekeeper,
): Promise<LocalAnswer | undefined> {
  return answerPreflight(inFlight, gatekeeper) ?? (await admit(inFlight, gatekeeper, "openai"));
}

/** Browsers ask without credentials whether they may ask with them. */
function answerPreflight(inFlight: InFlight, { cors }: Gatekeeper): LocalAnswer | undefined {
  if (cors === undefined) return undefined;
  const headers = cors.preflight(inFlight.request.method, inFlight.headers);
  if (headers !== undefined) return { status: 200, headers, body: "" };
  inFlight.cors = cors.answer(inFlight.headers);
  return undefined;
}
