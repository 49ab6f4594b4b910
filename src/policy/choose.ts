import type { BackendRef } from "../model/route.ts";

/**
 * Which reference the next try goes to.
 *
 * - Only weights above 0 take part; broken references keep their share.
 * - The lowest priority takes all; with `attemptsPerPriority`, so many tries later the next one does, and after the
 *   last the first again, as Envoy's `previous_priorities` has it.
 * - A retry avoids references that were tried, while its priority has others.
 *
 * @param tries how many tries were made before
 * @param random in [0, 1)
 */
export function chooseRef<R extends Pick<BackendRef, "weight" | "priority">>(
  refs: readonly R[],
  tried: ReadonlySet<R>,
  tries: number,
  attemptsPerPriority: number | undefined,
  random: number,
): R | undefined {
  const live = refs.filter((ref) => ref.weight > 0);
  if (live.length <= 1) return live[0];
  const priorities = [...new Set(live.map((ref) => ref.priority))].sort((a, b) => a - b);
  const turn = attemptsPerPriority === undefined ? 0 : Math.floor(tries / attemptsPerPriority);
  const level = live.filter((ref) => ref.priority === priorities[turn % priorities.length]);
  const fresh = level.filter((ref) => !tried.has(ref));
  return byWeight(fresh.length > 0 ? fresh : level, random);
}

function byWeight<R extends Pick<BackendRef, "weight">>(refs: readonly R[], random: number): R | undefined {
  let rest = random * refs.reduce((sum, ref) => sum + ref.weight, 0);
  for (const ref of refs) {
    rest -= ref.weight;
    if (rest < 0) return ref;
  }
  return refs.at(-1);
}
