import type { Key, Keyed, Part, ResourceId } from "./origin.ts";
import type { Encoding, Fault, ResponseOverride, UpstreamPolicy } from "./traffic.ts";
import type { HeaderEdits, NamedMatch, TextMatch } from "./values.ts";

/**
 * One entry of a rule's `matches`. `model` holds the matches on `x-ai-eg-model`, apart because the model is known
 * only after the body; they count as headers in the order of precedence.
 */
export interface RouteMatch extends Part {
  readonly name: string;
  readonly rule: Key;
  readonly path: PathMatch;
  readonly headers: readonly NamedMatch[];
  readonly model: readonly TextMatch[];
}

/** `prefix` ends on a segment border; `/` is any path. */
export type PathMatch =
  | { readonly type: "exact" | "prefix"; readonly value: string }
  | { readonly type: "regex"; readonly pattern: string };

export interface Rule extends Keyed {
  readonly route: ResourceId;
  readonly index: number;
  readonly name?: string;
  readonly action: Forward;
  /** Keys of `GatewayModel.limits`; a request must be within all of them. */
  readonly limits?: readonly Key[];
  readonly fault?: Fault;
  /** The first that fits an answer replaces it. */
  readonly overrides?: readonly ResponseOverride[];
  /** Best first. */
  readonly compression?: readonly Encoding[];
  /** Largest request body, where that is less than the listener takes. */
  readonly maxBufferedBytes?: number;
}

export interface Forward {
  readonly type: "forward";
  readonly isAi: boolean;
  readonly refs: readonly BackendRef[];
  readonly timeouts: Timeouts;
  readonly retry?: Retry;
  readonly upstream?: UpstreamPolicy;
}

/** All references stay listed, weight 0 too, since names count positions. A broken one keeps its share and answers `status`. */
export interface BackendRef extends Part {
  readonly name: string;
  readonly weight: number;
  /** Lower is tried first. */
  readonly priority: number;
  /** Key of `GatewayModel.backends`. */
  readonly backend?: Key;
  /** Key of `ExchangeModel.aiBackends`. */
  readonly ai?: Key;
  readonly broken?: { readonly status: 500 | 503; readonly reason: string };
  readonly requestHeaders: HeaderEdits;
  readonly responseHeaders: HeaderEdits;
}

/** Milliseconds; 0 is "no limit". */
export interface Timeouts {
  /** From the whole request received to the last byte of the answer. */
  readonly requestMs: number;
  readonly perTryMs?: number;
  /** Silence from the upstream, before or after the head, that ends a try. */
  readonly perTryIdleMs?: number;
  /** Silence that ends the whole request, whatever tries it has left. */
  readonly streamIdleMs?: number;
  readonly connectMs: number;
}

export interface Retry extends Part {
  /** Envoy's words: `5xx`, `gateway-error`, `reset`, `connect-failure`, `retriable-4xx`, `retriable-status-codes`, … */
  readonly triggers: readonly string[];
  readonly statuses: readonly number[];
  readonly retries: number;
  readonly baseBackOffMs: number;
  readonly maxBackOffMs: number;
  /** After so many tries of one priority the next one's turn comes. */
  readonly attemptsPerPriority?: number;
}
