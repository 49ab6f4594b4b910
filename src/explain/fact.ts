import type { GatewayModel } from "../model/gateway.ts";
import type { At, Origin } from "../model/origin.ts";

/** One thing that decides about a request, and where it was written; without an origin it is built in. */
export interface Fact {
  readonly name: string;
  readonly text: string;
  readonly origin?: Origin;
  /** It follows from the request, not from anything that was written. */
  readonly isOfRequest?: boolean;
}

/** What would be sent to one backend. Values of configured headers and credentials are not shown. */
export interface SentRequest {
  readonly backend: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface Explanation {
  /** `refused`: the gateway itself answers with an error. */
  readonly outcome: "forward" | "redirect" | "answer" | "refused" | "models" | "mcp";
  readonly facts: readonly Fact[];
  readonly sent: readonly SentRequest[];
}

/** Collects facts in the order in which a request meets them. */
export class Facts {
  readonly list: Fact[] = [];
  readonly #origins: GatewayModel["origins"];

  constructor({ origins }: GatewayModel) {
    this.#origins = origins;
  }

  note(name: string, text: string): void {
    this.list.push({ name, text, isOfRequest: true });
  }

  /** `at`: index of the origin; 0 and `undefined` are what is built in. */
  say(name: string, text: string, at?: At): void {
    const origin = at === undefined || at === 0 ? undefined : this.#origins[at];
    this.list.push({ name, text, ...(origin === undefined ? {} : { origin }) });
  }
}

/** `1m30s`, `250ms`; 0 is no limit. */
export function writeMs(ms: number): string {
  if (ms === 0) return "none";
  if (ms % 1000 !== 0) return `${ms}ms`;
  const seconds = ms / 1000;
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

/** `50Mi`, or bytes where they are no round number. */
export function writeBytes(bytes: number): string {
  for (const [unit, size] of [
    ["Gi", 2 ** 30],
    ["Mi", 2 ** 20],
    ["Ki", 2 ** 10],
  ] as const)
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  return `${bytes} bytes`;
}
