const durationUnitMs = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** `1m30s` in milliseconds; the pattern of Gateway API durations has been checked. */
export function parseDurationMs(text: string): number {
  let total = 0;
  for (const [, digits = "0", unit = "ms"] of text.matchAll(/(\d{1,5})(h|ms|m|s)/g)) {
    total += Number(digits) * durationUnitMs[unit as keyof typeof durationUnitMs];
  }
  return total;
}

const quantityFactors: { readonly [suffix: string]: number } = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity of bytes, `50Mi` or `1e6`; `undefined` for anything else. */
export function parseQuantityBytes(quantity: string | number): number | undefined {
  const match = /^\+?(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+)|([kMGTPE]|[KMGTPE]i)?)$/.exec(String(quantity));
  if (match === null) return undefined;
  const [, digits = "", exponent, suffix = ""] = match;
  const factor = exponent === undefined ? quantityFactors[suffix] : 10 ** Number(exponent);
  const bytes = Math.ceil(Number(digits) * (factor ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
