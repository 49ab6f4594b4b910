/** One count to be looked at, and added to if all that a request takes is within its limits. */
export interface Take {
  /** Of the limit and, where they count apart, of what a client sent: not for logs. */
  readonly key: string;
  readonly amount: number;
  readonly windowMs: number;
  readonly hits: number;
  /** Counted, and never a reason to refuse. */
  readonly isShadow: boolean;
}

export interface Taken {
  readonly isAllowed: boolean;
  /** What each came to; where it was refused, what each was. */
  readonly used: readonly number[];
}

/** Added whatever it comes to. */
export type Charge = Pick<Take, "key" | "windowMs" | "hits">;

/** Where counts are kept: one process's memory, or what several share. Windows are aligned to the epoch. */
export interface CounterStore {
  /** All or nothing: of two requests that only one has room for, one gets it. */
  take(takes: readonly Take[], nowMs: number): Taken | Promise<Taken>;
  /** Never fails: what could not be counted is in the log. */
  charge(charges: readonly Charge[], nowMs: number): void;
  close(): void;
}

/** The end of the window that a time lies in. */
export function windowEndMs(nowMs: number, windowMs: number): number {
  return (Math.floor(nowMs / windowMs) + 1) * windowMs;
}

/** Whether a count of `used` has room for `hits` more. Nothing more than nothing is asked at the limit itself. */
export function hasRoom({ amount, hits, isShadow }: Take, used: number): boolean {
  return isShadow || used + hits <= amount;
}
