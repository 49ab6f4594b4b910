/** How far a request's limit is used, after the request. */
export interface LimitState {
  readonly amount: number;
  readonly unitMs: number;
  readonly remaining: number;
  /** Until there is more. */
  readonly waitMs: number;
}

/**
 * `x-ratelimit-limit`, `-remaining` and `-reset` of the limit that leaves least, as Envoy writes them.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-polli-ratelimit-headers-03
 */
export function describeLimits(states: readonly LimitState[]): readonly (readonly [string, string])[] {
  const [first, ...others] = states;
  if (first === undefined) return [];
  const least = others.reduce((one, other) => (other.remaining < one.remaining ? other : one), first);
  const policies = states.map(({ amount, unitMs }) => `${amount};w=${unitMs / 1000}`);
  return [
    ["x-ratelimit-limit", [least.amount, ...policies].join(", ")],
    ["x-ratelimit-remaining", String(least.remaining)],
    ["x-ratelimit-reset", String(Math.ceil(least.waitMs / 1000))],
  ];
}
