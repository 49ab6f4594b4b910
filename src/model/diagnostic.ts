import type { Origin } from "./origin.ts";

export type Severity = "error" | "warning" | "info";

/** One finding about what an operator wrote. An `error` keeps the gateway from starting. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable, kebab-case; for filters and tests. */
  readonly code: string;
  /** What is wrong, with the value in quotes; never the value of a secret. */
  readonly message: string;
  readonly origin: Origin;
  /** Other places that take part, each with its role, e.g. `["first defined here", origin]`. */
  readonly related: readonly (readonly [string, Origin])[];
  /** What to write instead. */
  readonly mend?: string;
}
